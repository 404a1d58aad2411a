/**
 * Puts one file into OSS: asks the function for a grant, posts a form, says what became of it.
 * This file stands alone; import it as it is.
 *
 *     import { upload, UploadError } from "./upload.js";
 *
 *     const { key, url } = await upload(file, {
 *       endpoint: "https://sign.example.com",                  // the function
 *       onProgress: ({ state, sent, total }) => { ... },       // optional
 *       signal: controller.signal,                             // optional: abort() cancels
 *       headers: { Authorization: `Bearer ${token}` },         // optional: for the function alone
 *     });
 *
 * It resolves to {key, url, size, contentType, etag, callback, repeated}:
 *   etag      null where the bucket's CORS rule does not expose it
 *   callback  null without one; {ok: true, answer} with what it answered (JSON or null);
 *             {ok: false} when it failed, though the file is stored
 *   repeated  true when an earlier try had stored the file and its answer got lost; etag and the
 *             callback's answer are unknown (null) then
 *
 * It rejects with an UploadError, or with the signal's reason once that is aborted.
 *
 * onProgress gets {state: "signing" | "uploading", sent, total, waiting}; `waiting` is null, or
 * {milliseconds, error} while it pauses before the next try. A new try starts at 0 bytes.
 */

const TRIES = 4;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const GRANT_TIMEOUT_MS = 30_000;
// Neither a byte sent nor an answer for so long: the connection is dead though nobody said so.
const STALL_MS = 60_000;
// A form that starts later than this before its grant's end would arrive too late.
const GRANT_MARGIN_MS = 1000;

/**
 * Why a file was not stored. `code` is one of the function's (unauthorized, origin_not_allowed,
 * not_found, method_not_allowed, invalid_request, file_too_large, type_not_allowed,
 * credentials_unavailable, misconfigured, internal_error), or
 *   unreachable       no answer from the function: network, or its CORS setting
 *   unavailable       an outage of the function's or OSS's
 *   bad_answer        what answered is not the function
 *   connection_lost   no answer from OSS: network, or the bucket's CORS rule
 *   grant_expired     refused as expired, the renewed grant as well
 *   grant_refused     OSS did not accept signature, token or a pinned field
 *   file_too_small, already_exists, storage_refused: other refusals of OSS
 *   file_unreadable   the file was changed, moved or deleted since it was chosen
 */
export class UploadError extends Error {
  constructor(code, message, { status = 0, reference = "", transient = false, retryAfter = 0 } = {}) {
    super(message);
    this.name = "UploadError";
    this.code = code;
    this.status = status; // HTTP, or 0 without an answer
    this.reference = reference; // what to tell the operator: OSS's code, request id
    this.transient = transient; // whether another try may succeed
    this.retryAfter = retryAfter; // milliseconds, as the function asks
  }
}

// Grants whose form may have arrived without an answer, by file. The next call for the file posts
// to the same key: OSS then refuses with 409 what it has stored, instead of keeping two copies.
const unsettled = new WeakMap();

export async function upload(file, { endpoint, onProgress = () => {}, signal, headers = {} }) {
  const asker = JSON.stringify([endpoint, headers]);
  const report = (state, sent, waiting = null) =>
    onProgress({ state, sent, total: file.size, waiting });
  let grant = unsettled.get(file);
  if (grant?.asker !== asker) grant = undefined;
  let renewed = false;
  for (let tries = 1; ; tries++) {
    let state = "signing";
    try {
      if (!grant || performance.now() > grant.deadline - GRANT_MARGIN_MS) {
        report(state, 0);
        grant = await requestGrant(file, { endpoint, signal, headers });
        grant.asker = asker;
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
      // Without any network no try tells about the services: it goes on until there is one again.
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
 * What the function takes of this kind of file: {min_bytes, max_bytes, content_types}. The grant
 * of `upload` does not tell, since it is made for the file's very size.
 */
export async function limitsFor(file, { endpoint, signal, headers = {} }) {
  const { name, type } = file;
  return (await requestGrant({ name, type }, { endpoint, signal, headers })).limits;
}

async function requestGrant(file, { endpoint, signal, headers }) {
  // `expires` are seconds left by the server's clock when it answered; counting them from the
  // question, by a clock that nobody can set, errs on the safe side. The local time is not asked.
  const asked = performance.now();
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
  const answer = parseJson(text);
  if (!response.ok) throw refusalOfFunction(response, answer);
  if (!isGrant(answer)) {
    throw new UploadError("bad_answer", "The function's answer is no upload grant.", {
      status: response.status,
    });
  }
  return { ...answer, deadline: asked + answer.expires * 1000, mayBeStored: false };
}

function isGrant(answer) {
  return (
    typeof answer?.url === "string" &&
    typeof answer.expires === "number" &&
    typeof answer.fields?.key === "string" &&
    Object.values(answer.fields).every((value) => typeof value === "string")
  );
}

function refusalOfFunction(response, answer) {
  const { status } = response;
  const transient = status >= 500 || status === 429;
  const { code, message, request_id: reference } = answer?.error ?? {};
  return new UploadError(
    typeof code === "string" ? code : transient ? "unavailable" : "bad_answer",
    typeof message === "string" ? message : `The function answered with status ${status}.`,
    {
      status,
      reference: typeof reference === "string" ? reference : "",
      transient: transient && code !== "misconfigured",
      retryAfter: 1000 * (Number(response.headers.get("Retry-After")) || 0),
    },
  );
}

async function post(file, grant, signal, onSent) {
  const answer = await send(grant.url, formOf(file, grant), file.size, signal, onSent).catch(
    (error) => {
      keepUnsettled(file, grant);
      throw error;
    },
  );
  const { status } = answer;
  if (status >= 200 && status < 300) return resultOf(file, grant, answer);
  if (status === 0) {
    keepUnsettled(file, grant);
    if (!(await isReadable(file))) {
      throw new UploadError("file_unreadable", "The file can no longer be read.");
    }
    throw new UploadError("connection_lost", "No answer from OSS.", { transient: true });
  }
  const error = refusalOfStorage(answer);
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
    // The text "" is not base64 of a JSON object; OSS refuses it.
    if (name !== "callback" || value) form.append(name, value);
  }
  // Re-typed, because the browser's own idea of the type may differ from the pinned one.
  const type = grant.fields["Content-Type"] ?? file.type;
  form.append("file", file.slice(0, file.size, type), file.name ?? "file"); // OSS wants it last
  return form;
}

/** XMLHttpRequest, since fetch tells nothing of an upload's progress. Status 0: no answer. */
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
      onSent(Math.max(0, loaded - (total - size))); // the form's other fields are no progress
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
  // Not DOMParser: its note on what is no XML breaks a strict Content-Security-Policy.
  const text = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? "";
  const [code, message, requestId, ec] = ["Code", "Message", "RequestId", "EC"].map(text);
  const transient = status >= 500 || status === 429 || code === "RequestTimeout";
  return new UploadError(
    transient ? "unavailable" : meaningOf(code, message),
    message || `OSS answered with status ${status}.`,
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

/** Each pause twice as long as the one before, a little apart from those of other files. */
function pauseBefore(tries, { retryAfter }) {
  const backoff = FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 + Math.random() / 4);
  return Math.min(Math.max(backoff, retryAfter), LONGEST_PAUSE_MS);
}

/** Ends early when the network comes back, or with the signal's reason. */
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
