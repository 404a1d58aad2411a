/** Tells screen readers what happens, with pauses: constant updates would silence them. */

import { fill } from "../messages/index.js";

const PAUSE_MS = 800;
const MOST_DONE = 3; // more are summed up
const MOST_FAILED = 5; // which failed and why is worth more words

/** `words()` are the texts, `sum()` is the sentence for all files. */
export function createAnnouncer(element, words, sum) {
  let latest = "";
  let done = [];
  let failed = [];
  let timer = 0;

  function speak() {
    timer = 0;
    const texts = [latest, ...failed.slice(0, MOST_FAILED)];
    const more = failed.length - MOST_FAILED;
    if (more > 0) texts.push(fill(words().moreFailed, { count: more }));
    texts.push(...(done.length > MOST_DONE ? [sum()] : done));
    element.textContent = texts.filter(Boolean).join(" ");
    [latest, done, failed] = ["", [], []];
  }

  function speakSoon() {
    timer ||= setTimeout(speak, PAUSE_MS);
  }

  return {
    say(text) {
      latest = text;
      speakSoon();
    },
    /** How a file ended: `outcome` is a sentence or a few words. */
    ended(state, name, outcome) {
      const text = fill(words().outcome, { name, outcome: outcome.replace(/[.。]$/, "") });
      (state === "done" ? done : failed).push(text);
      speakSoon();
    },
  };
}
