/**
 * What the page has learned of the function's limits. Nobody tells it any beforehand, so it asks
 * for every file until a refusal teaches it; from then on such files are refused unasked.
 */

import { UploadError } from "./upload.js";

export class Limits {
  #maximum = Infinity;
  #refusedKinds = new Set();

  /** The refusal that the function would answer with, or null: then ask it. */
  check(file) {
    if (file.size > this.#maximum) return new UploadError("file_too_large", "Too large.");
    if (this.#refusedKinds.has(kind(file))) return new UploadError("type_not_allowed", "Refused.");
    return null;
  }

  /** Bytes, or undefined as long as they are not known. */
  get maximum() {
    return Number.isFinite(this.#maximum) ? this.#maximum : undefined;
  }

  /** `ask` gets the limits for this kind of file; a grant for one file's size does not say them. */
  async learn(file, error, ask) {
    if (error.code === "type_not_allowed") this.#refusedKinds.add(kind(file));
    if (error.code !== "file_too_large" || error.status !== 413) return;
    try {
      const maximum = (await ask(file)).max_bytes;
      // The asking grant is not for this size; a smaller maximum is the only believable one.
      if (maximum < file.size) this.#maximum = maximum;
    } catch {
      // The refusal stands without a number; the next one asks again.
    }
  }
}

/** The function judges by the extension, and by the browser's type where the two disagree. */
function kind({ name, type }) {
  return `${extensionOf(name)} ${type}`;
}

export function extensionOf(name) {
  return /[^./\\]\.([A-Za-z0-9]{1,16})$/.exec(name)?.[1].toLowerCase() ?? "";
}
