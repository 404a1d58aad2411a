/** Finished files that outlive a reload of the page, in the tab's own storage. */

const LIMIT = 500;

/** What was kept under this name: {name, size, result} of each file. */
export function readKept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? [];
  } catch {
    return []; // storage may be switched off
  }
}

export function keep(name, items) {
  const entries = items.slice(-LIMIT).map(({ name, size, result }) => ({ name, size, result }));
  try {
    sessionStorage.setItem(name, JSON.stringify(entries));
  } catch {
    // Full, or switched off: the files are stored, only the list is not.
  }
}
