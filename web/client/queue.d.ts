import type { FunctionOptions, Limits, UploadError, UploadResult } from "./upload.js";

export type ItemState =
  | "queued"
  | "signing"
  | "uploading"
  | "paused"
  | "done"
  | "failed"
  | "cancelled"
  /** Of an earlier page; it goes on when the same file is added. */
  | "interrupted"
  | "removed";

/** One file of a queue. */
export interface UploadItem {
  /** Null for one that `restore` put back. */
  readonly file: Blob | null;
  readonly name: string;
  readonly size: number;
  readonly lastModified: number | undefined;
  /** Whether it can pause, and go on after a reload; known when it begins. */
  readonly inParts: boolean;
  readonly state: ItemState;
  /** Bytes of the present attempt. */
  readonly sent: number;
  /** During a pause before another attempt; `until` as of `performance.now()`. */
  readonly waiting: { until: number; error: UploadError } | null;
  readonly error: UploadError | null;
  readonly result: UploadResult | null;
  readonly isFinished: boolean;
}

export interface QueueOptions extends Omit<FunctionOptions, "signal"> {
  retries?: number;
  /** Small files at a time: 6. Of files over 1 MB at most 3 upload at a time, in parts only one. */
  concurrency?: number;
}

/** Failed, cancelled and interrupted files count neither as sent nor in the size. */
export interface Totals {
  count: number;
  open: number;
  done: number;
  failed: number;
  cancelled: number;
  interrupted: number;
  /** Bytes. */
  sent: number;
  size: number;
}

export type QueueEvent = "change" | "progress" | "done" | "failed";

/**
 * Uploads many files. Its events have the item in `detail`: `change` when its state changes (added
 * and removed, too), `progress` when bytes were sent, `done` and `failed` when it ended so.
 */
export class UploadQueue extends EventTarget {
  constructor(options: QueueOptions);
  readonly items: readonly UploadItem[];
  /** What the function accepts; null until it is known. */
  readonly limits: Limits | null;
  readonly totals: Readonly<Totals>;
  add(files: Iterable<Blob> | ArrayLike<Blob>): UploadItem[];
  /** Lists files of an earlier page: stored ones with their result, others as interrupted. */
  restore(kept: Pick<UploadItem, "name" | "size" | "lastModified" | "result">[]): void;
  readLimits(): Promise<Limits>;
  cancel(item: UploadItem): void;
  /** Puts a failed or cancelled file at the end of the queue. */
  retry(item: UploadItem): void;
  /** Forgets an item; one that is not finished is cancelled. */
  remove(item: UploadItem): void;
  /**
   * Stops a file that goes in parts; without an item all of them, and starts no further file. Forms on
   * their way go on, since a form cannot be continued.
   */
  pause(item?: UploadItem): void;
  resume(item?: UploadItem): void;
  addEventListener(
    type: QueueEvent,
    listener: (event: CustomEvent<UploadItem>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
