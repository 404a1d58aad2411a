/**
 * Uploads one file in parts, several at a time. A part that fails is sent again by itself, and the
 * upload goes on where it stopped, also after a reload (docs/resumable.md). upload.js loads this file
 * with the first file that goes this way.
 */

import {
  UploadError,
  callFunction,
  checked,
  follow,
  isFresh,
  mustBeReadable,
  notFromTheFunction,
  refusalOfStorage,
  send,
  silence,
  throwIfAborted,
  withRetries,
} from "./upload.js";

const PARALLEL = 4; // of the six connections that browsers open to one host
const URLS_AT_ONCE = 16;
const ROUNDS = 3; // in which OSS may say that a part is missing although it was sent

/** What `upload` resolves to; `settings` has `isCancelled()`, too. */
export async function uploadInParts(file, settings, report) {
  const upload = new PartedUpload(file, settings, report);
  try {
    return await upload.run();
  } catch (error) {
    // A file that was changed is another file: nobody could go on.
    if (settings.isCancelled() || error.code === "file_unreadable") remove(file, settings);
    throw error;
  }
}

/** Gives up what is left of this file, or of {name, size, lastModified}: OSS removes its parts. */
export function discard(file, options) {
  remove(file, checked(options));
}

function remove(file, settings) {
  const known = recall(file, settings);
  forget(file, settings);
  // If this is lost, the bucket's lifecycle rule removes the parts.
  if (known) call(known, "", undefined, { ...settings, signal: undefined }, "DELETE").catch(() => {});
}

class PartedUpload {
  #file;
  #settings;
  #report;
  #known = null; // what the function said of it: key, uploadId, partSize, parts
  #sent = []; // bytes of each part, by number
  #active = 0; // parts on their way
  #waiting = []; // the numbers of parts that have not begun
  #urls = new Map(); // promises of {url, deadline}, by number

  constructor(file, settings, report) {
    this.#file = file;
    this.#settings = settings;
    this.#report = report;
  }

  async run() {
    this.#known = recall(this.#file, this.#settings);
    if (this.#known) {
      try {
        return await this.#finish(await this.#found());
      } catch (error) {
        if (error.code !== "upload_not_found") throw error;
        forget(this.#file, this.#settings);
      }
    }
    this.#known = await this.#begin();
    return this.#finish(new Set());
  }

  async #begin() {
    const { preset, filename } = this.#settings;
    const { name = "file", type, size } = this.#file;
    const body = JSON.stringify({ filename: filename ?? name, content_type: type || undefined, size, preset });
    const path = "s3/multipart";
    this.#report("signing", 0);
    const known = await this.#patiently(() => callFunction(path, {}, body, this.#settings));
    const { key, uploadId, partSize, parts, expires } = known;
    const isRight = [key, uploadId].every((text) => typeof text === "string") && expires > 0;
    if (!isRight || parts !== Math.ceil(size / partSize)) throw notFromTheFunction();
    remember(this.#file, this.#settings, { ...known, ends: Date.now() + expires * 1000 });
    return known;
  }

  /** The numbers of the parts that OSS has; nobody knows them if the upload is complete already. */
  async #found() {
    try {
      const list = await this.#call("");
      if (!Array.isArray(list)) throw notFromTheFunction();
      return new Set(list.filter(({ PartNumber: n, Size }) => Size === this.#size(n)).map((part) => part.PartNumber));
    } catch (error) {
      if (error.code === "upload_not_found") return null;
      throw error;
    }
  }

  /** Sends what is missing, and completes. */
  async #finish(found) {
    for (let round = 1; ; round++) {
      if (found) await this.#sendAllBut(found);
      try {
        return await this.#complete();
      } catch (error) {
        if (error.code !== "upload_incomplete" || round === ROUNDS) throw error;
      }
      found = await this.#found();
    }
  }

  async #sendAllBut(found) {
    this.#sent = [];
    this.#waiting = [];
    for (let number = 1; number <= this.#known.parts; number++) {
      if (found.has(number)) this.#sent[number] = this.#size(number);
      else this.#waiting.push(number);
    }
    this.#tell();
    const stop = follow([this.#settings.signal]);
    const sendNext = async () => {
      while (this.#waiting.length) await this.#sendPart(this.#waiting.shift(), stop.signal);
    };
    try {
      await Promise.all(Array.from({ length: PARALLEL }, sendNext));
    } finally {
      stop.abort(); // the others, if one has failed for good
      stop.release();
    }
  }

  #sendPart(number, signal) {
    const begin = (number - 1) * this.#known.partSize;
    // A slice stays on the disk until it is sent, and has no type, which OSS would check.
    const part = this.#file.slice(begin, begin + this.#size(number));
    let renewed = false;
    const attempt = async () => {
      const { url } = await this.#urlOf(number);
      throwIfAborted(signal);
      this.#active += 1;
      try {
        const response = await send("PUT", url, part, part.size, signal, (sent) => this.#tell(number, sent));
        const { status } = response;
        if (status >= 200 && status < 300) return this.#tell(number, part.size);
        this.#tell(number, 0);
        this.#urls.delete(number);
        if (status === 0) {
          await mustBeReadable(part);
          throw silence("connection_lost", "No response from OSS.");
        }
        const error = refusalOfStorage(response);
        // Its URL or its credentials ended while it waited.
        if (status !== 403 || renewed) throw error;
      } finally {
        this.#active -= 1;
      }
      renewed = true;
      return attempt();
    };
    return this.#patiently(attempt, signal);
  }

  /** A URL for this part; one request also brings those of the parts that come next. */
  async #urlOf(number) {
    if (this.#urls.has(number)) {
      const early = await this.#urls.get(number);
      if (isFresh(early)) return early;
    }
    const numbers = [number, ...this.#waiting.slice(0, URLS_AT_ONCE - 1)];
    const requested = performance.now();
    const batch = this.#request("/batch", undefined, { partNumbers: numbers.join() });
    for (const each of numbers) {
      const url = batch.then(({ presignedUrls, expires }) => {
        if (typeof presignedUrls?.[each] !== "string") throw notFromTheFunction();
        return { url: presignedUrls[each], deadline: requested + expires * 1000 };
      });
      this.#urls.set(each, url);
      url.catch(() => this.#urls.delete(each));
    }
    return this.#urls.get(number);
  }

  async #complete() {
    const { size, type } = this.#file;
    const done = await this.#call("/complete", "{}");
    if (typeof done.location !== "string") throw notFromTheFunction();
    forget(this.#file, this.#settings);
    return {
      key: done.key,
      url: done.location,
      size,
      contentType: this.#known.contentType ?? type,
      etag: done.etag && `"${done.etag}"`, // as OSS has it in a header
      callback: done.callback && { ok: true, answer: done.callback },
      repeated: done.etag === null,
    };
  }

  /** A step of this upload, tried again while its failures are transient. */
  #call(step, body) {
    return this.#patiently(() => this.#request(step, body));
  }

  #request(step, body, query) {
    return call(this.#known, step, body, this.#settings, undefined, query);
  }

  #patiently(attempt, signal = this.#settings.signal) {
    // While other parts are on their way, the file is not waiting.
    return withRetries(attempt, { ...this.#settings, signal }, (waiting) => this.#active || this.#tell(0, 0, waiting));
  }

  #tell(number = 0, sent = 0, waiting = null) {
    this.#sent[number] = sent;
    this.#report("uploading", this.#sent.reduce((sum, bytes) => sum + bytes, 0), waiting);
  }

  #size(number) {
    const { partSize } = this.#known;
    return Math.min(partSize, this.#file.size - (number - 1) * partSize);
  }
}

function call({ uploadId, key }, step, body, settings, method, query) {
  return callFunction(`s3/multipart/${uploadId}${step}`, { key, ...query }, body, settings, method);
}

// What is not finished, by file and name; and for files with a date also in the browser's storage,
// so that the same file can go on after a reload or a crash.
const open = new WeakMap();
const PREFIX = "oss-direct-upload ";

function nameOf({ name, size, lastModified }, { base, preset }) {
  return `${PREFIX}${JSON.stringify([base, preset, name, size, lastModified])}`;
}

function recall(file, settings) {
  const name = nameOf(file, settings);
  const known = open.get(file)?.[name] ?? storage((entries) => JSON.parse(entries.getItem(name)));
  return known?.ends > Date.now() ? known : null;
}

function remember(file, settings, known) {
  const name = nameOf(file, settings);
  open.set(file, { ...open.get(file), [name]: known });
  storage(removeEnded);
  if (file.lastModified) storage((entries) => entries.setItem(name, JSON.stringify(known)));
}

/** Of files that were never chosen again, not even the names are to stay. */
function removeEnded(entries) {
  for (const name of Object.keys(entries).filter((each) => each.startsWith(PREFIX))) {
    if (JSON.parse(entries.getItem(name)).ends <= Date.now()) entries.removeItem(name);
  }
}

function forget(file, settings) {
  open.delete(file);
  storage((entries) => entries.removeItem(nameOf(file, settings)));
}

/** Workers have no storage; it may be full, or switched off. */
function storage(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}
