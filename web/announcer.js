/** Tells screen readers what happens, a little apart: one that is talked to all the time says nothing. */

const PAUSE_MS = 800;
const MOST = 3; // more at once are summed up

export class Announcer {
  #pending = [];
  #timer = null;

  constructor(element) {
    this.element = element;
  }

  /** `summary` gives the sentence for when too much has happened to tell one by one. */
  say(text, summary) {
    this.#pending.push(text);
    this.#timer ??= setTimeout(() => {
      const texts = this.#pending;
      this.#pending = [];
      this.#timer = null;
      this.element.textContent = texts.length > MOST ? summary() : texts.join(" ");
    }, PAUSE_MS);
  }
}
