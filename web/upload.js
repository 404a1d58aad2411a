/**
 * Uploads one file to OSS: requests a grant from the function and posts a form.
 * This file has no dependencies; import it as it is.
 *
 *     import { upload, UploadError } from "./upload.js";
 *
 *     const { key, url } = await upload(file, {
 *       endpoint: "https://sign.example.com",                  // the function
 *       onProgress: ({ state, sent, total }) => { ... },       // optional
 *       signal: controller.signal,                             // optional: abort() cancels
 *       headers: { Authorization: `Bearer ${token}` },         // optional: only for the function
 *     });
 *
 * It resolves to {key, url, size, contentType, etag, callback, repeated}:
 *   etag      null if the bucket's CORS rule does not expose it
 *   callback  null without one; {ok: true, answer} with its response (JSON or null);
 *             {ok: false} if it failed, although the file is stored
 *   repeated  true if an earlier attempt had stored the file but its response was lost; etag and
 *             the callback's response are then unknown (null)
 *
 * It rejects with an UploadError, or with the signal's reason after an abort.
 *
 * onProgress gets {state: "signing" | "uploading", sent, total, waiting}; `waiting` is null, or
 * {milliseconds, error} during a pause before the next attempt. A new attempt starts at 0 bytes.
 */

const TRIES = 4;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const GRANT_TIMEOUT_MS = 30_000;
// No byte sent and no response for this long: the connection is dead, even without an error.
const STALL_MS = 60_000;
// A form that starts less than this before its grant expires would arrive too late.
const GRANT_MARGIN_MS = 1000;

/**
 * Why a file was not stored. `code` is one of the function's (unauthorized, origin_not_allowed,
 * not_found, method_not_allowed, invalid_request, file_too_large, type_not_allowed,
 * credentials_unavailable, misconfigured, internal_error), or
 *   unreachable       no response from the function: network, or its CORS setting
 *   unavailable       an outage of the function or OSS
 *   bad_answer        the response is not from the function
 *   connection_lost   no response from OSS: network, or the bucket's CORS rule
 *   grant_expired     refused as expired, and so was the renewed grant
 *   grant_refused     OSS did not accept signature, token or a pinned field
 *   file_too_small, already_exists, storage_refused: other refusals of OSS
 *   file_unreadable   the file was changed, moved or deleted since it was chosen
 */
export class UploadError extends Error {
  constructor(code, message, { status = 0, reference = "", transient = false, retryAfter = 0 } = {}) {
    super(message);
    this.name = "UploadError";
    this.code = code;
    this.status = status; // HTTP, or 0 without a response
    this.reference = reference; // for the operator: OSS's code, request ID
    this.transient = transient; // whether another attempt may succeed
    this.retryAfter = retryAfter; // milliseconds, from the function
  }
}

// Grants whose form may have arrived although the response was lost, by file. The next call for the
// file posts to the same key: OSS then refuses with 409 what it has stored, and keeps one copy.
const unsettled = new WeakMap();

export async function upload(file, { endpoint, onProgress = () => {}, signal, headers = {} }) {
  const caller = JSON.stringify([endpoint, headers]);
  const report = (state, sent, waiting = null) =>
    onProgress({ state, sent, total: file.size, waiting });
  let grant = unsettled.get(file);
  if (grant?.caller !== caller) grant = undefined;
  let renewed = false;
  for (let tries = 1; ; tries++) {
    let state = "signing";
    try {
      if (!grant || performance.now() > grant.deadline - GRANT_MARGIN_MS) {
        report(state, 0);
        grant = await requestGrant(file, { endpoint, signal, headers });
        grant.caller = caller;
      }
      signal?.throwIfAborted();
      state = "uploading";
      report(state, 0);
      const result = await post(file, grant, signal, (sent) => report(state, sent));
      unsettled.delete(file);
      return result;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error.code === "grant_expired" && !renewed) {
        renewed = true;
        grant = undefined;
        tries--;
        continue;
      }
      // Without a network, attempts prove nothing about the services: go on until it is back.
      const offline = error.status === 0 && !navigator.onLine;
      if (!error.transient || (tries >= TRIES && !offline)) throw error;
      const milliseconds = pauseBefore(tries, error);
      report(state, 0, { milliseconds, error });
      await pause(milliseconds, signal);
      if (offline && navigator.onLine) tries = 0;
    }
  }
}

/**
 * What the function accepts for this kind of file: {min_bytes, max_bytes, content_types}. The grant
 * of `upload` does not contain these limits, because it is for the exact size of the file.
 */
export async function limitsFor(file, { endpoint, signal, headers = {} }) {
  const { name, type } = file;
  return (await requestGrant({ name, type }, { endpoint, signal, headers })).limits;
}

async function requestGrant(file, { endpoint, signal, headers }) {
  // `expires` are the seconds left by the server's clock at its response. Counting them from the
  // request, with a clock that cannot be set, is on the safe side. The local time is not used.
  const requested = performance.now();
  const timeout = AbortSignal.timeout(GRANT_TIMEOUT_MS);
  let response;
  let text;
  try {
    response = await fetch(`${endpoint.replace(/\/+$/, "")}/sign`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({
        filename: file.name ?? "file",
        content_type: file.type || undefined,
        size: file.size,
      }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch {
    throw new UploadError("unreachable", "The function cannot be reached.", { transient: true });
  }
  const grant = parseJson(text);
  if (!response.ok) throw refusalOfFunction(response, grant);
  if (!isGrant(grant)) {
    throw new UploadError("bad_answer", "The function's response is not an upload grant.", {
      status: response.status,
    });
  }
  return { ...grant, deadline: requested + grant.expires * 1000, mayBeStored: false };
}

function isGrant(document) {
  return (
    typeof document?.url === "string" &&
    typeof document.expires === "number" &&
    typeof document.fields?.key === "string" &&
    Object.values(document.fields).every((value) => typeof value === "string")
  );
}

function refusalOfFunction(response, document) {
  const { status } = response;
  const transient = status >= 500 || status === 429;
  const { code, message, request_id: reference } = document?.error ?? {};
  return new UploadError(
    typeof code === "string" ? code : transient ? "unavailable" : "bad_answer",
    typeof message === "string" ? message : `The function returned status ${status}.`,
    {
      status,
      reference: typeof reference === "string" ? reference : "",
      transient: transient && code !== "misconfigured",
      retryAfter: 1000 * (Number(response.headers.get("Retry-After")) || 0),
    },
  );
}

async function post(file, grant, signal, onSent) {
  const response = await send(grant.url, formOf(file, grant), file.size, signal, onSent).catch(
    (error) => {
      keepUnsettled(file, grant);
      throw error;
    },
  );
  const { status } = response;
  if (status >= 200 && status < 300) return resultOf(file, grant, response);
  if (status === 0) {
    keepUnsettled(file, grant);
    if (!(await isReadable(file))) {
      throw new UploadError("file_unreadable", "The file can no longer be read.");
    }
    throw new UploadError("connection_lost", "No response from OSS.", { transient: true });
  }
  const error = refusalOfStorage(response);
  if (error.code === "already_exists" && grant.mayBeStored) {
    const unknown = { status, etag: null, body: "" };
    return { ...resultOf(file, grant, unknown), callback: null, repeated: true };
  }
  if (error.transient) keepUnsettled(file, grant);
  else unsettled.delete(file);
  throw error;
}

function keepUnsettled(file, grant) {
  grant.mayBeStored = true;
  unsettled.set(file, grant);
}

function formOf(file, grant) {
  const form = new FormData();
  for (const [name, value] of Object.entries(grant.fields)) {
    // OSS refuses an empty callback: it is not base64 of a JSON object.
    if (name !== "callback" || value) form.append(name, value);
  }
  // With the pinned type, because the browser may have chosen another one.
  const type = grant.fields["Content-Type"] ?? file.type;
  form.append("file", file.slice(0, file.size, type), file.name ?? "file"); // must be last
  return form;
}

/** XMLHttpRequest, because fetch does not report an upload's progress. Status 0: no response. */
function send(url, form, size, signal, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let watchdog;
    const watch = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(abort, STALL_MS);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      onSent(Math.max(0, loaded - (total - size))); // without the form's other fields
    };
    request.onloadend = () => {
      clearTimeout(watchdog);
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(signal.reason);
      const { status } = request;
      const etag = status >= 200 && status < 300 ? request.getResponseHeader("ETag") : null;
      resolve({ status, etag, body: request.responseText });
    };
    signal?.addEventListener("abort", abort);
    request.open("POST", url);
    request.send(form);
    watch();
  });
}

function resultOf(file, grant, { status, etag, body }) {
  const { key } = grant.fields;
  let callback = null;
  if (status === 203) callback = { ok: false };
  else if (grant.fields.callback) callback = { ok: true, answer: parseJson(body) };
  return {
    key,
    url: grant.url + key.split("/").map(encodeURIComponent).join("/"),
    size: file.size,
    contentType: grant.fields["Content-Type"] ?? file.type,
    etag,
    callback,
    repeated: false,
  };
}

function refusalOfStorage({ status, body }) {
  // Not DOMParser: its error document for invalid XML violates a strict Content-Security-Policy.
  const text = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? "";
  const [code, message, requestId, ec] = ["Code", "Message", "RequestId", "EC"].map(text);
  const transient = status >= 500 || status === 429 || code === "RequestTimeout";
  return new UploadError(
    transient ? "unavailable" : meaningOf(code, message),
    message || `OSS returned status ${status}.`,
    { status, reference: [code, ec, requestId].filter(Boolean).join(" "), transient },
  );
}

// OSS documents, PostObject errors and the EC pages.
function meaningOf(code, message) {
  if (code === "SecurityTokenExpired" || message.includes("Policy expired")) return "grant_expired";
  return (
    {
      AccessDenied: "grant_refused",
      AccessKeyIdAndSecurityTokenNotMatch: "grant_refused",
      EntityTooLarge: "file_too_large",
      EntityTooSmall: "file_too_small",
      FileAlreadyExists: "already_exists",
      InvalidAccessKeyId: "grant_refused",
      InvalidPolicyDocument: "grant_refused",
      InvalidSecurityToken: "grant_refused",
      RequestTimeTooSkewed: "grant_refused",
      SignatureDoesNotMatch: "grant_refused",
    }[code] ?? "storage_refused"
  );
}

/** Each pause is twice as long as the previous one, with some jitter between files. */
function pauseBefore(tries, { retryAfter }) {
  const backoff = FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 + Math.random() / 4);
  return Math.min(Math.max(backoff, retryAfter), LONGEST_PAUSE_MS);
}

/** Ends early when the network returns; rejects with the signal's reason after an abort. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal?.addEventListener("abort", done);
  });
}

async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
