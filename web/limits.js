/**
 * What the page has learned about the function's limits. It starts without any and requests a grant
 * for every file; after a refusal it refuses such files itself.
 */

import { UploadError } from "./client/upload.js";

export class Limits {
  #maximum = Infinity;
  #refusedKinds = new Set();

  /** The refusal that the function would return, or null if only the function can tell. */
  check(file) {
    if (file.size > this.#maximum) return new UploadError("file_too_large", "Too large.");
    if (this.#refusedKinds.has(kind(file))) return new UploadError("type_not_allowed", "Refused.");
    return null;
  }

  /** Bytes, or undefined while unknown. */
  get maximum() {
    return Number.isFinite(this.#maximum) ? this.#maximum : undefined;
  }

  /** `request(file)` returns the limits for this kind of file, which a grant for one size lacks. */
  async learn(file, error, request) {
    if (error.code === "type_not_allowed") this.#refusedKinds.add(kind(file));
    if (error.code !== "file_too_large" || error.status !== 413) return;
    try {
      const maximum = (await request(file)).max_bytes;
      // That grant is not for this size, so only a maximum below the size is believable.
      if (maximum < file.size) this.#maximum = maximum;
    } catch {
      // The refusal remains without a number; the next one tries again.
    }
  }
}

/** The function decides by the extension, and by the browser's type if the two disagree. */
function kind({ name, type }) {
  return `${extensionOf(name)} ${type}`;
}

export function extensionOf(name) {
  return /[^./\\]\.([A-Za-z0-9]{1,16})$/.exec(name)?.[1].toLowerCase() ?? "";
}
