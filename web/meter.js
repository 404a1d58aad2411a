/** The upload speed over the last few seconds; an average since the start would lag behind. */

const WINDOW_MS = 5000;
const LEAST_MS = 500; // less would give only a guess

export class Meter {
  #samples = []; // [milliseconds, bytes since the start]
  #bytes = 0;

  constructor(clock = () => performance.now()) {
    this.clock = clock;
    this.#samples.push([clock(), 0]);
  }

  add(bytes) {
    this.#bytes += bytes;
    this.#samples.push([this.clock(), this.#bytes]);
  }

  /** Bytes per second, or null while there are too few samples. */
  get speed() {
    const now = this.clock();
    while (this.#samples.length > 1 && this.#samples[1][0] < now - WINDOW_MS) this.#samples.shift();
    const [since, before] = this.#samples[0];
    const elapsed = now - since;
    if (elapsed < LEAST_MS || this.#bytes === before) return null;
    return ((this.#bytes - before) * 1000) / elapsed;
  }

  /** Seconds, or null. */
  left(bytes) {
    return this.speed && bytes / this.speed;
  }
}
