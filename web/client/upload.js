/**
 * Uploads one file to OSS: requests a grant from the function and posts a form. A large file goes in
 * parts, where the function does that; only then is ./multipart.js loaded.
 * This file has no dependencies; import it as it is. Its types are in upload.d.ts.
 *
 *     import { upload, UploadError } from "./upload.js";
 *
 *     const { key, url } = await upload(file, {
 *       endpoint: "https://upload.example.com",                // the function
 *       onProgress: ({ state, sent, total }) => { ... },       // optional
 *       signal: controller.signal,                             // optional: abort() cancels
 *       headers: { Authorization: `Bearer ${token}` },         // optional: only for the function
 *     });
 */

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const FUNCTION_TIMEOUT_MS = 30_000;
// No byte sent for this long: the connection is dead, even without an error.
const STALL_MS = 60_000;
// After the last byte: a callback takes seconds, but whatever buffers what was sent, minutes.
const RESPONSE_MS = 600_000;
// A form that starts less than this before its grant expires would arrive too late.
const GRANT_MARGIN_MS = 1000;
// Smaller files never go in parts, so that for them nobody asks whether they do.
const LARGE_BYTES = 2 ** 25;

/** Why a file was not stored; upload.d.ts lists the codes. */
export class UploadError extends Error {
  constructor(code, message, details) {
    super(message);
    this.name = "UploadError";
    this.code = code;
    this.status = 0; // HTTP, or 0 without a response
    this.reference = ""; // for the operator: OSS's code, request ID
    this.transient = false; // whether another attempt may succeed
    this.retryAfter = 0; // milliseconds, from the function
    Object.assign(this, details); // and the cause, which Chrome 90 does not take itself
  }
}

// Grants whose form may have arrived although the response was lost, by file. The next call for the
// file posts to the same key: OSS then refuses with 409 what it has stored, and keeps one copy.
const unsettled = new WeakMap();

export async function upload(file, options) {
  return uploadWith(async (...asked) => {
    const [grant] = await requestGrants([file], ...asked);
    if (grant instanceof UploadError) throw grant;
    return grant;
  }, file, options);
}

/** `upload`, with the grants that `requestGrant(settings)` resolves to, and limits that are known. */
export async function uploadWith(requestGrant, file, options, limits = null) {
  const { onProgress, ...given } = checked(options);
  demand(file instanceof Blob, "file");
  const report = (state, sent, waiting = null) => {
    try {
      onProgress?.({ state, sent, total: file.size, waiting });
    } catch (error) {
      // As with any event: it is reported, and what goes on does not depend on its listeners.
      setTimeout(() => {
        throw error;
      });
    }
  };
  const stop = follow([given.signal, given.pause]);
  const settings = { ...given, signal: stop.signal };
  try {
    if (file.size > LARGE_BYTES) {
      report("signing", 0);
      if (goesInParts(file.size, limits ?? (await findLimits(settings, report)))) {
        const { uploadInParts } = await import("./multipart.js");
        return await uploadInParts(file, { ...settings, isCancelled: () => given.signal?.aborted }, report);
      }
    }
    return await uploadAsForm(requestGrant, file, settings, report);
  } finally {
    stop.release();
  }
}

/** Whether a file of this size goes in parts; `limits` are the function's, if it tells them. */
export function goesInParts(size, limits) {
  return size > LARGE_BYTES && size > (limits?.multipart?.threshold ?? Infinity);
}

async function findLimits(settings, report) {
  try {
    return await withRetries(() => readLimits(settings), settings, (waiting) => report("signing", 0, waiting));
  } catch (error) {
    if (error.code === "not_found") return null;
    throw error;
  }
}

function uploadAsForm(requestGrant, file, settings, report) {
  const { caller, source, retries, signal } = settings;
  let grant = unsettled.get(file);
  if (grant?.caller !== caller || grant.source !== source) grant = undefined;
  let renewed = retries === 0;
  let state;
  async function attempt() {
    state = "signing";
    if (!isFresh(grant)) {
      report(state, 0);
      grant = { ...(await requestGrant(settings)), caller, source };
      throwIfAborted(signal);
    }
    state = "uploading";
    report(state, 0);
    try {
      const result = await post(file, grant, settings, (sent) => report(state, sent));
      unsettled.delete(file);
      return result;
    } catch (error) {
      throwIfAborted(signal);
      if (!error.renewable || renewed) throw error;
      renewed = true;
      grant = undefined;
      return attempt();
    }
  }
  return withRetries(attempt, settings, (waiting) => report(state, 0, waiting));
}

/** What `attempt()` resolves to; it is called again, after pauses, while its failures are transient. */
export async function withRetries(attempt, { signal, retries }, onPause) {
  for (let tries = 0; ; tries++) {
    try {
      throwIfAborted(signal);
      return await attempt();
    } catch (error) {
      throwIfAborted(signal);
      // Without a network, attempts prove nothing about the services: go on until it is back.
      const offline = error.code === "offline" && retries > 0;
      if (!error.transient || (tries >= retries && !offline)) throw error;
      const milliseconds = pauseBefore(tries, error);
      onPause({ milliseconds, error });
      await pause(milliseconds, signal);
      if (offline && !isOffline()) tries = -1;
    }
  }
}

/** What the function accepts: the document of its `GET /limits`. */
export function limitsFor(options) {
  return readLimits(checked(options));
}

async function readLimits(settings) {
  const { preset } = settings;
  const limits = await callFunction("limits", preset ? { preset } : {}, undefined, settings);
  if (typeof limits?.max_bytes !== "number") throw notFromTheFunction();
  return limits;
}

/** Grants or UploadErrors for these files, in their order, by one request. */
export async function requestGrants(files, settings) {
  const { preset, filename } = settings;
  const asked = files.map((file) => ({
    filename: filename ?? file.name ?? "file",
    content_type: file.type || undefined,
    size: file.size,
  }));
  // `expires` are the seconds left by the server's clock at its response. Counting them from the
  // request, with a clock that cannot be set, is on the safe side. The local time is not used.
  const requested = performance.now();
  const body = JSON.stringify({ ...(files.length > 1 ? { files: asked } : asked[0]), preset });
  const document = await callFunction("sign", {}, body, settings);
  const grants = files.length > 1 ? document?.grants : [document];
  if (!Array.isArray(grants) || grants.length !== files.length) throw notFromTheFunction();
  return grants.map((grant) => {
    if (grant?.error) return refusalOfFunction(grant, 400);
    if (!isGrant(grant)) return notFromTheFunction();
    return { ...grant, deadline: requested + grant.expires * 1000, mayBeStored: false };
  });
}

/** Whether a form can still be posted with this grant. */
export function isFresh(grant) {
  return Boolean(grant) && performance.now() < grant.deadline - GRANT_MARGIN_MS;
}

/** The options as they are used; a TypeError for a mistake in them. */
export function checked(options = {}) {
  const { endpoint, headers = {}, signal, pause, onProgress, preset, filename, retries = 3 } = options;
  const isText = (value) => value === undefined || (value && typeof value === "string");
  const isFunction = typeof headers === "function";
  demand(endpoint instanceof URL || (endpoint && isText(endpoint)), "endpoint");
  const base = new URL(endpoint, globalThis.location?.href);
  demand(/^https?:$/.test(base.protocol) && !base.username, "endpoint");
  base.pathname = base.pathname.replace(/\/*$/, "/");
  demand(isText(preset), "preset");
  demand(isText(filename), "filename");
  demand(Number.isInteger(retries) && retries >= 0, "retries");
  demand(!onProgress || typeof onProgress === "function", "onProgress");
  for (const [name, value] of Object.entries({ signal, pause })) demand(!value || value.addEventListener, name);
  const fixed = isFunction ? null : headersOf(headers);
  return {
    base,
    headers: isFunction ? headers : () => fixed,
    renews: isFunction && retries > 0,
    signal,
    pause,
    onProgress,
    preset,
    filename,
    retries,
    // Whose grants these are; a function stands for one user.
    source: isFunction && headers,
    caller: JSON.stringify([base, preset, filename, fixed && [...fixed]]),
  };
}

export function demand(isRight, name) {
  if (!isRight) throw new TypeError(`\`${name}\` is missing or wrong.`);
}

function headersOf(given) {
  demand(given && typeof given === "object", "headers");
  return new Headers(given);
}

/** The JSON document of a route; by POST if there is a body. */
export async function callFunction(path, query, body, settings, method = body ? "POST" : "GET") {
  const { base, headers, renews, signal } = settings;
  const url = new URL(path, base);
  url.search = base.search;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  for (let renew = false; ; renew = true) {
    const sent = headersOf(await given(headers, { renew }));
    throwIfAborted(signal);
    if (body) sent.set("Content-Type", "application/json");
    const init = { method, headers: sent, body };
    const [response, text] = await fetchText(url, init, signal);
    if (response.status === 401 && renews && !renew) continue;
    const document = parseJson(text);
    if (response.ok && document) return document;
    throw refusalOfFunction(document, response.status, response.headers.get("Retry-After"));
  }
}

async function given(headers, how) {
  try {
    return await headers(how);
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError("unauthorized", "There are no headers.", { cause });
  }
}

async function fetchText(url, init, signal) {
  const stop = follow([signal]);
  const timer = setTimeout(stop.abort, FUNCTION_TIMEOUT_MS);
  try {
    const response = await fetch(url, { ...init, signal: stop.signal });
    return [response, await response.text()];
  } catch (cause) {
    throw silence("unreachable", "The function cannot be reached.", cause);
  } finally {
    clearTimeout(timer);
    stop.release();
  }
}

/** A signal that each of these aborts, and `abort`; `release` ends its listening to them. */
export function follow(signals) {
  // Not AbortSignal.any and timeout, which Chrome 90, Firefox 90 and Safari 15 lack.
  const controller = new AbortController();
  const abort = () => controller.abort(signals.find((signal) => signal?.aborted)?.reason);
  for (const signal of signals) {
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
  }
  const release = () => signals.forEach((signal) => signal?.removeEventListener("abort", abort));
  return { signal: controller.signal, abort, release };
}

/** The error for no response. */
export function silence(code, message, cause) {
  return new UploadError(isOffline() ? "offline" : code, message, { transient: true, cause });
}

function isOffline() {
  return globalThis.navigator?.onLine === false;
}

function isGrant(document) {
  return (
    typeof document?.url === "string" &&
    typeof document.expires === "number" &&
    typeof document.fields?.key === "string" &&
    Object.values(document.fields).every((value) => typeof value === "string")
  );
}

export function notFromTheFunction() {
  return new UploadError("bad_answer", "Not from the function.", { status: 200 });
}

function refusalOfFunction(document, status, retryAfter) {
  const { code, message, request_id: reference } = document?.error ?? {};
  const isKnown = typeof code === "string";
  const isOutage = status >= 500 || status === 429 || code === "internal_error";
  return new UploadError(
    isKnown ? code : isOutage ? "unavailable" : "bad_answer",
    typeof message === "string" ? message : `The function returned status ${status}.`,
    {
      status,
      reference: typeof reference === "string" ? reference : "",
      transient: isOutage && code !== "misconfigured",
      retryAfter: 1000 * (Number(retryAfter) || 0),
    },
  );
}

async function post(file, grant, { signal, filename }, onSent) {
  let response;
  try {
    response = await send("POST", grant.url, formOf(file, grant, filename), file.size, signal, onSent);
  } catch (error) {
    keepUnsettled(file, grant);
    throw error;
  }
  const { status } = response;
  if (status >= 200 && status < 300) return resultOf(file, grant, response, response.getResponseHeader("ETag"));
  if (status === 0) {
    keepUnsettled(file, grant);
    await mustBeReadable(file);
    throw silence("connection_lost", "No response from OSS.");
  }
  const error = refusalOfStorage(response);
  if (error.code === "already_exists" && grant.mayBeStored) {
    return { ...resultOf(file, grant, response, null), callback: null, repeated: true };
  }
  if (error.transient) keepUnsettled(file, grant);
  else unsettled.delete(file);
  throw error;
}

function keepUnsettled(file, grant) {
  grant.mayBeStored = true;
  unsettled.set(file, grant);
}

function formOf(file, grant, filename) {
  const form = new FormData();
  for (const [name, value] of Object.entries(grant.fields)) {
    // OSS refuses an empty callback: it is not base64 of a JSON object.
    if (name !== "callback" || value) form.append(name, value);
  }
  // With the pinned type, because the browser may have chosen another one.
  const content = file.slice(0, file.size, typeOf(file, grant));
  form.append("file", content, filename ?? file.name ?? "file"); // must be last
  return form;
}

function typeOf(file, grant) {
  return grant.fields["Content-Type"] ?? file.type;
}

/** The XMLHttpRequest after its end: fetch does not report an upload's progress. Status 0: no response. */
export function send(method, url, body, size, signal, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let watchdog;
    const watch = (milliseconds = STALL_MS) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(abort, milliseconds);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      onSent(Math.max(0, loaded - (total - size))); // without the form's other fields
    };
    request.upload.onload = () => watch(RESPONSE_MS);
    request.onloadend = () => {
      clearTimeout(watchdog);
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(reasonOf(signal));
      resolve(request);
    };
    signal?.addEventListener("abort", abort);
    request.open(method, url);
    request.send(body);
    watch();
  });
}

function resultOf(file, grant, { status, responseText }, etag) {
  const { key } = grant.fields;
  let callback = null;
  if (status === 203) callback = { ok: false };
  else if (grant.fields.callback) callback = { ok: true, answer: parseJson(responseText) };
  return {
    key,
    url: grant.url + key.split("/").map(encodeURIComponent).join("/"),
    size: file.size,
    contentType: typeOf(file, grant),
    etag,
    callback,
    repeated: false,
  };
}

// OSS documents, PostObject errors and the EC pages; the others with 403 refuse the grant, too.
const MEANINGS = {
  EntityTooLarge: "file_too_large",
  EntityTooSmall: "file_too_small",
  FileAlreadyExists: "already_exists",
  InvalidPolicyDocument: "grant_refused",
  NoSuchUpload: "upload_not_found",
  PublicEndpointForbidden: "endpoint_forbidden",
  SecurityTokenExpired: "grant_expired",
};
// Their credentials are gone; those of a new grant may be others.
const REPLACED = ["AccessKeyIdAndSecurityTokenNotMatch", "InvalidAccessKeyId", "InvalidSecurityToken"];

export function refusalOfStorage({ status, responseText: body }) {
  // Not DOMParser: its error document for invalid XML violates a strict Content-Security-Policy.
  const text = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? "";
  const [code, message, requestId, ec] = ["Code", "Message", "RequestId", "EC"].map(text);
  const transient = status >= 500 || status === 429 || code === "RequestTimeout";
  let meaning = MEANINGS[code] ?? (status === 403 ? "grant_refused" : "storage_refused");
  if (transient) meaning = "unavailable";
  else if (message.includes("Policy expired")) meaning = "grant_expired";
  else if (ec.startsWith("0007-0000")) meaning = "callback_invalid";
  return new UploadError(meaning, message || `OSS returned status ${status}.`, {
    status,
    reference: [code, ec, requestId].filter(Boolean).join(" "),
    transient,
    renewable: meaning === "grant_expired" || REPLACED.includes(code),
  });
}

/** Each pause is twice as long as the previous one, with some jitter between files. */
function pauseBefore(tries, { retryAfter }) {
  const backoff = FIRST_PAUSE_MS * 2 ** tries * (1 + Math.random() / 4);
  return Math.min(Math.max(backoff, retryAfter), LONGEST_PAUSE_MS);
}

/** Ends early when the network returns, or after an abort. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    globalThis.addEventListener?.("online", done);
    signal?.addEventListener("abort", done);
  });
}

export function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

/** Older browsers' signals have no reason. */
function reasonOf(signal) {
  return signal.reason ?? new DOMException("The upload was cancelled.", "AbortError");
}

export async function mustBeReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (cause) {
    throw new UploadError("file_unreadable", "The file can no longer be read.", { cause });
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
