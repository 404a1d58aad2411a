/** Files that outlive a reload of the page, in the tab's own storage. */

const LIMIT = 500;

/** What was kept under this name: {name, size, lastModified, result} of each file. */
export function readKept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? [];
  } catch {
    return []; // storage may be switched off
  }
}

export function keep(name, items) {
  const entry = ({ name, size, lastModified, result }) => ({ name, size, lastModified, result });
  const entries = items.slice(-LIMIT).map(entry);
  try {
    sessionStorage.setItem(name, JSON.stringify(entries));
  } catch {
    // Full, or switched off: only the list is lost.
  }
}
