/** Tells screen readers what happens, with pauses: constant updates would silence them. */

const PAUSE_MS = 800;
const MOST = 3; // more are summed up in one sentence

export class Announcer {
  #pending = [];
  #timer = null;

  constructor(element) {
    this.element = element;
  }

  /** `summary` returns the sentence to use if there is too much to announce one by one. */
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
