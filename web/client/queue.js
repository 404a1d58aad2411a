/**
 * Uploads many files: a few at a time, with grants requested in batches. Does not touch a document.
 *
 *     const queue = new UploadQueue({ endpoint: "https://upload.example.com" });
 *     queue.addEventListener("done", ({ detail }) => console.log(detail.name, detail.result.key));
 *     queue.add(input.files);
 */

import { UploadError, checked, demand, goesInParts, isFresh, limitsFor, requestGrants, uploadWith } from "./upload.js";

const CONCURRENCY = 6; // what browsers open to one host over HTTP/1.1
const LARGE_CONCURRENCY = 3; // large files fill the line; more of them would only take turns
const PARTS = 4; // connections of a file that goes in parts
const SMALL_BYTES = 2 ** 20;
// Grants are requested for so many small files that come next: seconds of work, so that none ages.
const AHEAD = 24;
const LEAST_AHEAD = 6;

/** One file of a queue. */
class UploadItem {
  state = "queued"; // then signing, uploading, paused; at last done, failed or cancelled; or removed
  inParts = false; // so that it can pause, and go on after a reload: it is then "interrupted"
  sent = 0;
  waiting = null; // {until, error} during a pause before another attempt
  error = null;
  result = null;

  constructor(file, { name = "file", size, lastModified } = file) {
    this.file = file;
    this.name = name;
    this.size = size;
    this.lastModified = lastModified;
  }

  get isFinished() {
    return !["queued", "signing", "uploading", "paused"].includes(this.state);
  }
}

export class UploadQueue extends EventTarget {
  items = [];
  /** What the function accepts; null until it is known. */
  limits = null;
  /** Failed, cancelled and interrupted files count neither as sent nor in the size. */
  totals = { count: 0, open: 0, done: 0, failed: 0, cancelled: 0, interrupted: 0, sent: 0, size: 0 };

  #options;
  #settings;
  #concurrency;
  #paused = false;
  #queued = new Set();
  #running = new Map(); // what stops each item that is on its way: {cancel, pause}
  #early = new Map(); // promises of grants that were requested before they were needed, by item
  #reading = null; // the request for the limits
  #refusedKinds = new Set();

  constructor({ endpoint, headers, preset, retries, concurrency = CONCURRENCY } = {}) {
    super();
    demand(Number.isInteger(concurrency) && concurrency > 0, "concurrency");
    this.#concurrency = concurrency;
    this.#options = { endpoint, headers, preset, retries };
    this.#settings = checked(this.#options);
  }

  /** Queues files and returns their items. */
  add(files) {
    const added = Array.from(files, (file) => {
      demand(file instanceof Blob, "file");
      return new UploadItem(file);
    });
    // They go on where they stopped.
    const again = this.items.filter((item) => item.state === "interrupted" && added.some((other) => isSame(item, other)));
    for (const item of again) this.#drop(item);
    this.#take(added);
    for (const item of added) this.#queued.add(item);
    if (this.limits) this.#refuse(added);
    else this.readLimits().catch(() => {}); // the function refuses what is over them
    this.#fill();
    return added;
  }

  /** Lists files of an earlier page: {name, size, lastModified, result}; without a result, interrupted ones. */
  restore(kept) {
    const states = ({ size, result }) =>
      result ? { state: "done", sent: size, result } : { state: "interrupted", inParts: true };
    this.#take(kept.map((entry) => Object.assign(new UploadItem(null, entry), states(entry))));
  }

  #take(items) {
    for (const item of items) {
      this.items.push(item);
      this.totals.count += 1;
      this.#count(item, 1);
    }
    for (const item of items) this.#tell("change", item);
  }

  /** Reads what the function accepts. Files wait for it, whatever comes of it. */
  readLimits() {
    this.#reading ??= limitsFor(this.#options)
      .then((limits) => {
        this.limits = limits;
        this.#refuse([...this.#queued]);
        return limits;
      })
      .finally(() => {
        this.#reading = null;
        this.#fill();
      });
    return this.#reading;
  }

  cancel(item) {
    if (item.isFinished) return;
    this.#stop(item);
    this.#set(item, { state: "cancelled", sent: 0, waiting: null });
    this.#fill();
  }

  /** Puts a failed or cancelled file at the end of the queue. */
  retry(item) {
    if (item.state !== "failed" && item.state !== "cancelled") return;
    this.#refusedKinds.delete(kindOf(item)); // it may be allowed by now
    this.#queued.add(item);
    this.#set(item, { state: "queued", error: null });
    this.#fill();
  }

  /** Forgets an item; one that is not finished is cancelled. */
  remove(item) {
    if (!this.items.includes(item)) return;
    this.#stop(item);
    this.#drop(item);
    this.#fill();
  }

  /** Stops a file that goes in parts; or all such files, and starts no other: a form cannot go on. */
  pause(item) {
    if (!item) {
      this.#paused = true;
      for (const running of [...this.#running.keys()]) this.pause(running);
    } else if (item.inParts && !item.isFinished) {
      this.#leave(item, "pause");
      this.#set(item, { state: "paused", waiting: null });
      this.#fill();
    }
  }

  resume(item) {
    if (!item) this.#paused = false;
    for (const paused of item ? [item] : this.items) {
      if (paused.state !== "paused") continue;
      this.#queued = new Set([paused, ...this.#queued]); // before those that have not begun
      this.#set(paused, { state: "queued" });
    }
    this.#fill();
  }

  #stop(item) {
    const isRunning = this.#running.has(item);
    this.#leave(item, "cancel");
    const isLeft = item.inParts && ["queued", "paused", "failed", "interrupted"].includes(item.state);
    if (!isLeft || isRunning) return;
    const file = item.file ?? item;
    import("./multipart.js").then(({ discard }) => discard(file, this.#options)).catch(() => {});
  }

  #leave(item, how) {
    this.#queued.delete(item);
    this.#early.delete(item);
    const controllers = this.#running.get(item);
    this.#running.delete(item);
    controllers?.[how].abort();
  }

  #drop(item) {
    this.items.splice(this.items.indexOf(item), 1);
    this.totals.count -= 1;
    this.#count(item, -1);
    item.state = "removed";
    this.#tell("change", item);
  }

  #fill() {
    if (this.#paused || this.#reading) return;
    for (const item of this.#queued) {
      const isSmall = item.size <= SMALL_BYTES;
      const places = isSmall ? this.#concurrency : Math.min(this.#concurrency, LARGE_CONCURRENCY);
      if (this.#connections >= places) break;
      if (this.#refuse([item])) continue;
      this.#queued.delete(item);
      this.#run(item);
    }
    if (this.#early.size < LEAST_AHEAD && this.#queued.size) this.#askAhead();
  }

  get #connections() {
    return [...this.#running.keys()].reduce((sum, { inParts }) => sum + (inParts ? PARTS : 1), 0);
  }

  /** Fails those files of which the function's refusal is known. */
  #refuse(items) {
    const refused = items.filter((item) => {
      const error = this.#check(item);
      if (error) this.#end(item, { state: "failed", error });
      return error;
    });
    return refused.length > 0;
  }

  #check(item) {
    const { min_bytes: minimum = 0 } = this.limits ?? {};
    if (item.size > largest(this.limits)) return new UploadError("file_too_large", "Too large");
    if (item.size < minimum) return new UploadError("file_too_small", "Too small.");
    if (this.#refusedKinds.has(kindOf(item))) return new UploadError("type_not_allowed", "Refused.");
    return null;
  }

  async #run(item) {
    const stop = { cancel: new AbortController(), pause: new AbortController() };
    this.#running.set(item, stop);
    this.#set(item, { state: "signing", inParts: goesInParts(item.size, this.limits) });
    const isCurrent = () => this.#running.get(item) === stop;
    const onProgress = ({ state, sent, waiting }) => {
      if (!isCurrent()) return;
      const until = waiting && performance.now() + waiting.milliseconds;
      this.#set(item, { state, sent, waiting: waiting && { until, error: waiting.error } });
    };
    const options = { ...this.#options, onProgress, signal: stop.cancel.signal, pause: stop.pause.signal };
    try {
      const result = await uploadWith(() => this.#grantFor(item), item.file, options, this.limits);
      if (isCurrent()) this.#end(item, { state: "done", sent: item.size, result });
    } catch (error) {
      if (!isCurrent()) return;
      if (error.code === "type_not_allowed") this.#refusedKinds.add(kindOf(item));
      this.#end(item, { state: "failed", sent: 0, error });
    }
    this.#fill();
  }

  async #grantFor(item) {
    for (let asked = false; ; asked = true) {
      if (!this.#early.has(item)) this.#askAhead(item);
      const early = this.#early.get(item);
      this.#early.delete(item);
      const grant = await early;
      if (grant instanceof UploadError) throw grant;
      if (asked || isFresh(grant)) return grant;
    }
  }

  /** One request for the grants of `first`, if given, and of small files that come next. */
  #askAhead(first) {
    const items = first ? [first] : [];
    for (const item of this.#queued) {
      if (items.length >= AHEAD || item.size > SMALL_BYTES) break;
      if (!this.#early.has(item) && !this.#check(item)) items.push(item);
    }
    if (!items.length) return;
    const files = items.map(({ file }) => file);
    const batch = requestGrants(files, this.#settings);
    for (const [place, item] of items.entries()) {
      const grant = batch.then((grants) => grants[place]);
      this.#early.set(item, grant);
      // An old failure does not count against a file whose turn comes later.
      grant.catch(() => this.#early.get(item) === grant && this.#early.delete(item));
    }
  }

  #end(item, values) {
    this.#queued.delete(item);
    this.#early.delete(item);
    this.#running.delete(item);
    this.#set(item, { waiting: null, ...values });
    this.#tell(item.state, item);
  }

  #set(item, values) {
    const { state, sent, waiting } = item;
    this.#count(item, -1);
    Object.assign(item, values);
    this.#count(item, 1);
    if (item.state !== state || item.waiting !== waiting) this.#tell("change", item);
    if (item.sent !== sent) this.#tell("progress", item);
  }

  #count(item, by) {
    const { totals } = this;
    totals[item.isFinished ? item.state : "open"] += by;
    if (["failed", "cancelled", "interrupted"].includes(item.state)) return;
    totals.sent += by * item.sent;
    totals.size += by * item.size;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether they are the same file, as far as a page can know. */
export function isSame(item, other) {
  return ["name", "size", "lastModified"].every((name) => item[name] === other[name]);
}

/** Bytes of the largest file that these limits admit. */
export function largest(limits) {
  return limits?.multipart?.max_bytes ?? limits?.max_bytes ?? Infinity;
}

/** The function decides by the extension, and by the browser's type if the two disagree. */
function kindOf({ name, file }) {
  return `${extensionOf(name)} ${file.type}`;
}

export function extensionOf(name) {
  return /[^./\\]\.([A-Za-z0-9]{1,16})$/.exec(name)?.[1].toLowerCase() ?? "";
}
