/** How fast it goes, and how long it takes. */

import { bytes, fill } from "../messages/index.js";

const MEMORY_MS = 3000; // an average since the start would lag behind
const LEAST_MS = 500; // less would give only a guess

/** Measures an upload, of which recent bytes count more than older ones. */
export class Meter {
  #start = performance.now();
  #last = this.#start;
  #recent = 0; // bytes, each worth less the older it is

  constructor(sent = 0) {
    this.sent = sent;
  }

  /** So many bytes have been sent by now. */
  reach(sent) {
    const now = performance.now();
    const more = Math.max(0, sent - this.sent);
    this.#recent = this.#recent * Math.exp((this.#last - now) / MEMORY_MS) + more;
    this.#last = now;
    this.sent = sent;
  }

  /** Bytes per second, or 0 while too little is known. */
  get speed() {
    this.reach(this.sent);
    const elapsed = this.#last - this.#start;
    if (elapsed < LEAST_MS) return 0;
    return (1000 * this.#recent) / (MEMORY_MS * (1 - Math.exp(-elapsed / MEMORY_MS)));
  }
}

/** "8.2 MB/s, 12 s left", or an empty text while the speed is unknown. */
export function pace(meter, remaining, words) {
  const speed = meter?.speed;
  if (!speed || !remaining) return "";
  const seconds = Math.ceil(remaining / speed);
  const left =
    seconds < 60
      ? fill(words.seconds, { seconds })
      : fill(words.minutes, { minutes: Math.ceil(seconds / 60) });
  return fill(words.pace, { speed: bytes(speed, words.tag), left });
}

/** Rounded down: only complete files show 100 %. */
export function percent(part, whole) {
  return whole ? Math.floor((100 * part) / whole) : 0;
}
