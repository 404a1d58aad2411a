import type { SomeMessages } from "./messages/index.js";
import type { UploadItem } from "./queue.js";
import type { UploadError, UploadResult } from "./upload.js";

export interface OssUploadEvents {
  "oss-upload-progress": CustomEvent<{ file: Blob; sent: number; total: number }>;
  "oss-upload-done": CustomEvent<{ file: Blob; result: UploadResult }>;
  "oss-upload-failed": CustomEvent<{ file: Blob; error: UploadError }>;
}

/**
 * `<oss-upload>`. Attributes: `endpoint` (the function), `preset`, `multiple`, `anywhere` (drop and
 * paste on the whole page), `links="false"` (objects are private), `sign-in` (where a person signs
 * in), `lang`, and those of form controls: `name`, `required`, `disabled`.
 *
 * Colours: `--oss-upload-surface`, `-text`, `-quiet`, `-line`, `-accent`, `-accent-text`, `-good`,
 * `-bad`, `-warn`; and `--oss-upload-radius`. Parts: drop, pick, choose, folder, limits, notice,
 * list, row, preview, name, status, bar, detail, actions, button, open, retry, cancel, remove,
 * retryAll, cancelAll, clear, summary, overlay.
 */
export class OssUpload extends HTMLElement {
  /** Resolves to the caller's token, or to null; called again, with `renew`, after a 401. */
  tokenProvider: ((how: { renew: boolean }) => string | null | Promise<string | null>) | null;
  /** Texts in place of its own; those that lack remain English or Chinese. */
  messages: SomeMessages | undefined;
  /** The keys of what is stored; a form gets each under the element's `name`. */
  readonly value: string[];
  readonly items: readonly UploadItem[];
  add(files: Iterable<File> | ArrayLike<File>): void;
  /** Empties the list; what is not finished is cancelled. */
  clear(): void;
  addEventListener<K extends keyof OssUploadEvents>(
    type: K,
    listener: (event: OssUploadEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "oss-upload": OssUpload;
  }
}
