/**
 * The files of the page and their states: queued, signing, uploading, then done, failed or
 * cancelled. A few upload at a time. A grant is requested when it is its file's turn, so that none
 * ages in the queue. Does not touch the document.
 */

import { Meter } from "./meter.js";

const PARALLEL = 3;

class Transfer {
  state = "queued";
  sent = 0;
  waiting = null; // {until, error} during a pause before another attempt
  error = null;
  result = null;
  meter = new Meter();
  controller = null;

  constructor(file) {
    this.file = file;
  }

  get active() {
    return this.state === "signing" || this.state === "uploading";
  }

  get open() {
    return this.state === "queued" || this.active;
  }

  get retriable() {
    return this.state === "failed" || this.state === "cancelled";
  }
}

export class Queue {
  transfers = [];
  meter = new Meter();

  /**
   * `start(file, {onProgress, signal})` uploads one; `check(file)` returns an error or null;
   * `learn(file, error)` is called after refusals, `changed(transfer)` after every change.
   */
  constructor({ start, check, learn, changed }) {
    Object.assign(this, { start, check, learn, changed });
  }

  add(files) {
    for (const file of files) {
      const transfer = new Transfer(file);
      this.transfers.push(transfer);
      const error = this.check(file);
      this.#set(transfer, error ? { state: "failed", error } : {});
    }
    this.#fill();
  }

  cancel(transfer) {
    if (transfer.state === "queued") this.#set(transfer, { state: "cancelled" });
    else transfer.controller?.abort();
  }

  /** Requests a grant whatever the page has learned: a limit may have changed since. */
  retry(transfer) {
    if (!transfer.retriable) return;
    this.#set(transfer, { state: "queued", sent: 0, error: null });
    this.#fill();
  }

  cancelAll() {
    // Queued files first, or each freed place would start one of them.
    const open = this.transfers.filter(({ open }) => open);
    open.sort((one, other) => one.active - other.active);
    for (const transfer of open) this.cancel(transfer);
  }

  retryAll() {
    for (const transfer of this.transfers) this.retry(transfer);
  }

  /** Failed and cancelled files count neither as sent nor as remaining. */
  get totals() {
    const counts = { open: 0, done: 0, failed: 0, cancelled: 0 };
    let sent = 0;
    let size = 0;
    for (const transfer of this.transfers) {
      counts[transfer.open ? "open" : transfer.state] += 1;
      if (transfer.retriable) continue;
      sent += transfer.sent;
      size += transfer.file.size;
    }
    return { ...counts, sent, size, count: this.transfers.length };
  }

  #fill() {
    let places = PARALLEL - this.transfers.filter(({ active }) => active).length;
    // The page was idle until now, and that time must not count for the speed.
    if (places === PARALLEL) this.meter = new Meter();
    for (const transfer of this.transfers) {
      if (places === 0) break;
      if (transfer.state !== "queued") continue;
      places -= 1;
      this.#run(transfer);
    }
  }

  async #run(transfer) {
    const { file } = transfer;
    const controller = new AbortController();
    const { signal } = controller;
    this.#set(transfer, { state: "signing", controller });
    try {
      const onProgress = (progress) => this.#progress(transfer, progress);
      const result = await this.start(file, { onProgress, signal });
      this.#set(transfer, { state: "done", sent: file.size, waiting: null, result });
    } catch (error) {
      if (!signal.aborted) await this.learn(file, error);
      const state = signal.aborted ? "cancelled" : "failed";
      this.#set(transfer, { state, sent: 0, waiting: null, error: signal.aborted ? null : error });
    }
    this.#fill();
  }

  #progress(transfer, { state, sent, waiting }) {
    if (sent === 0) transfer.meter = new Meter(); // an attempt begins
    const more = Math.max(0, sent - transfer.sent);
    transfer.meter.add(more);
    this.meter.add(more);
    const until = waiting && performance.now() + waiting.milliseconds;
    this.#set(transfer, { state, sent, waiting: waiting && { until, error: waiting.error } });
  }

  #set(transfer, values) {
    Object.assign(transfer, values);
    this.changed(transfer);
  }
}
