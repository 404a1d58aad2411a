/** Finished files that outlive a reload of the page, in the tab's own storage. */

const LIMIT = 500;

export class Kept {
  constructor(name) {
    this.name = name;
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name)) ?? [];
    } catch {
      return []; // storage may be switched off
    }
  }

  write(items) {
    const entries = items.slice(-LIMIT).map(({ name, size, result }) => ({ name, size, result }));
    try {
      if (entries.length) sessionStorage.setItem(this.name, JSON.stringify(entries));
      else sessionStorage.removeItem(this.name);
    } catch {
      // Full, or switched off: the files are stored, only the list is not.
    }
  }
}
