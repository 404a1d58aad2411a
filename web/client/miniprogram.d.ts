/** Why a file was not stored. */
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
  | "credentials_unavailable"
  | "keys_unavailable"
  | "misconfigured"
  | "internal_error"
  /** There is no network. */
  | "offline"
  /** No response from the function: network, or the app's list of request domains. */
  | "unreachable"
  /** An outage of the function or of OSS. */
  | "unavailable"
  /** The response is not from the function. */
  | "bad_answer"
  /** No response from OSS: network, or the app's list of upload domains. */
  | "connection_lost"
  /** Refused by OSS as expired, and so was the renewed grant. */
  | "grant_expired"
  /** OSS did not accept the signature, the token or a pinned field. */
  | "grant_refused"
  // Other refusals of OSS
  | "file_too_small"
  | "already_exists"
  | "storage_refused"
  /** The platform no longer has the file. */
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
  /** What the platform reported. */
  readonly cause?: unknown;
}

export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What AbortController is in browsers. */
export class Canceller {
  readonly signal: CancelSignal;
  abort(): void;
}

/** What upload() needs of wx, my, uni or Taro; each of them fits. */
export interface Platform {
  request(options: any): unknown;
  uploadFile(options: any): unknown;
  getNetworkType?(options: any): unknown;
  onNetworkStatusChange?(listener: any): unknown;
  offNetworkStatusChange?(listener: any): unknown;
}

export interface Progress {
  state: "signing" | "uploading";
  /** Bytes of the file; without `size`, of the whole form. */
  sent: number;
  /** As `size`, or what the platform counts. */
  total: number | undefined;
  /** Set while a pause precedes another attempt. */
  waiting: { milliseconds: number; error: UploadError } | null;
}

export type PlainHeaders = Record<string, string>;

export interface UploadOptions {
  platform: Platform;
  /** The URL of the function. */
  endpoint: string;
  /** The file's name; by default the end of the path. The function derives the type from it. */
  name?: string;
  /** The content type, for a name without an extension. */
  type?: string;
  /** Bytes. With it the function refuses what is too large before anything is sent. */
  size?: number;
  preset?: string;
  /** Only for the function. A function is called before each request, and once more after a 401. */
  headers?: PlainHeaders | ((how: { renew: boolean }) => PlainHeaders | Promise<PlainHeaders>);
  /** Of a Canceller, or of a browser's AbortController. */
  signal?: CancelSignal;
  /** How many more attempts after failures that may pass; 3 by default. */
  retries?: number;
  onProgress?(progress: Progress): void;
}

export interface UploadResult {
  key: string;
  /** Where the object is readable, if it is public. */
  url: string;
  size: number | undefined;
  contentType: string;
  etag: string | null;
  /** null without a callback; `ok: false` if the file is stored but the callback failed. */
  callback: null | { ok: true; answer: unknown } | { ok: false };
  /** Whether an earlier attempt, whose response was lost, had stored the file. */
  repeated: boolean;
}

/**
 * Uploads the file at a path that the platform gave, such as `tempFilePath`.
 * Rejects with an UploadError, after a cancel with an error named AbortError, or with a TypeError
 * for a wrong option.
 */
export function upload(path: string, options: UploadOptions): Promise<UploadResult>;
