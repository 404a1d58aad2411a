/** What a request to the function carries besides its body, such as `Authorization`. */
export type HeadersSource =
  | HeadersInit
  /**
   * Called before each request to the function, and once more, with `renew: true`, after a 401.
   * What it throws makes the upload fail: an UploadError as it is, all else as `unauthorized`.
   */
  | ((how: { renew: boolean }) => HeadersInit | Promise<HeadersInit>);

export interface FunctionOptions {
  /** The function's URL; a relative one is relative to the page. */
  endpoint: string | URL;
  headers?: HeadersSource;
  /** The kind of upload, where the function has several. */
  preset?: string;
  /** Cancels when it is aborted; what was sent in parts is removed. */
  signal?: AbortSignal;
}

export interface UploadOptions extends FunctionOptions {
  onProgress?: (progress: Progress) => void;
  /** Stops when it is aborted; a file that goes in parts goes on there when it is uploaded again. */
  pause?: AbortSignal;
  /** For a Blob, which has no name. */
  filename?: string;
  /** How often a transient failure is tried again: 3; 0 means that each request is made once. */
  retries?: number;
}

export interface Progress {
  state: "signing" | "uploading";
  /** Bytes of the file; a new attempt starts at 0, or with the parts that are there. */
  sent: number;
  total: number;
  /** During a pause before another attempt. */
  waiting: { milliseconds: number; error: UploadError } | null;
}

export interface UploadResult {
  key: string;
  /** Where the object is; only a public one can be read there. */
  url: string;
  size: number;
  contentType: string;
  /** Null if the bucket's CORS rule does not expose it. */
  etag: string | null;
  /**
   * Null without one. `ok: false`: it failed, although the file is stored; of a file that went in
   * parts, this is null, too.
   */
  callback: { ok: true; answer: unknown } | { ok: false } | null;
  /** An earlier attempt had stored the file, but its response was lost; the ETag is then unknown. */
  repeated: boolean;
}

/** What the function accepts. */
export interface Limits {
  preset: string;
  min_bytes: number;
  max_bytes: number;
  content_types: string[];
  /** For `<input accept>`; empty if every file is accepted. */
  accept: string;
  directory_grants: boolean;
  multipart: { threshold: number; max_bytes: number } | null;
}

export type UploadErrorCode =
  // Refusals of the function
  | "invalid_request"
  | "unauthorized"
  | "origin_not_allowed"
  | "preset_not_allowed"
  | "not_found"
  | "method_not_allowed"
  | "file_too_large"
  | "type_not_allowed"
  /** An upload in parts has ended or was removed. */
  | "upload_not_found"
  | "upload_incomplete"
  | "credentials_unavailable"
  | "keys_unavailable"
  | "storage_unavailable"
  | "misconfigured"
  | "internal_error"
  /** There is no network. */
  | "offline"
  /** No response from the function: network, or its CORS setting. */
  | "unreachable"
  /** An outage of the function or of OSS. */
  | "unavailable"
  /** The response is not from the function. */
  | "bad_answer"
  /** No response from OSS: network, or the bucket's CORS rule. */
  | "connection_lost"
  /** Refused by OSS as expired, and so was the renewed grant. */
  | "grant_expired"
  /** OSS did not accept the signature, the token or a pinned field. */
  | "grant_refused"
  // Other refusals of OSS
  | "file_too_small"
  | "already_exists"
  /** An account new to OSS needs a custom domain (UPLOAD_URL). */
  | "endpoint_forbidden"
  /** OSS refuses the callback (CALLBACK_URL). */
  | "callback_invalid"
  | "storage_refused"
  /** The file was changed, moved or deleted since it was chosen. */
  | "file_unreadable";

/** Why a file was not stored. */
export class UploadError extends Error {
  constructor(code: UploadErrorCode, message: string, details?: Partial<Omit<UploadError, "code" | "message">>);
  readonly code: UploadErrorCode;
  /** HTTP; 0 without a response. */
  readonly status: number;
  /** For the operator: OSS's code, request ID. */
  readonly reference: string;
  /** Whether another attempt may succeed. */
  readonly transient: boolean;
  /** Milliseconds, from the function; 0 if it names none. */
  readonly retryAfter: number;
  readonly cause?: unknown;
}

/**
 * Uploads one file: requests a grant from the function and posts a form to OSS; or, where the function
 * does that, sends a large file in parts, and goes on with those that an earlier attempt or page has
 * sent of the same file (name, size, date). Rejects with an
 * UploadError, with the signal's reason after an abort, or with a TypeError for a wrong option.
 */
export function upload(file: Blob, options: UploadOptions): Promise<UploadResult>;

/** What the function accepts with this preset. */
export function limitsFor(options: FunctionOptions): Promise<Limits>;
