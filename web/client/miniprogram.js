/**
 * Uploads one file of a mini program to OSS: requests a grant from the function and posts a form.
 * For WeChat (wx), Alipay (my), uni-app (uni) and Taro, on phones and as pages (H5), where neither
 * fetch nor XMLHttpRequest may exist. This file has no dependencies; copy or import it as it is.
 *
 *     import { upload, Canceller } from "./miniprogram.js";
 *
 *     const { key } = await upload(path, {
 *       platform: wx,                                          // or my, uni, Taro
 *       endpoint: "https://upload.example.com",                // the function
 *       size,                                                  // optional: bytes
 *       onProgress: ({ state, sent, total }) => { ... },       // optional
 *       headers: { Authorization: `Bearer ${token}` },         // optional: only for the function
 *     });
 *
 * The syntax is that of 2018, because not every tool translates newer one. Errors, renewal, retries,
 * progress and results are those of upload.js; the types are in miniprogram.d.ts.
 */

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60000;
const FUNCTION_TIMEOUT_MS = 30000;
// The platforms break off after 60 s unless told otherwise; WeChat may do so all the same.
const UPLOAD_TIMEOUT_MS = 600000;
// A form that starts less than this before its grant expires would arrive too late.
const GRANT_MARGIN_MS = 1000;
// What Alipay puts where other platforms have the extension.
const EXTENSIONS_OF_ALIPAY = { image: "jpg", video: "mp4", audio: "mp3" };

/** Why a file was not stored; miniprogram.d.ts lists the codes. */
export class UploadError extends Error {
  constructor(code, message, { status = 0, reference = "", transient = false, retryAfter = 0, cause } = {}) {
    super(message);
    this.name = "UploadError";
    this.code = code;
    this.status = status; // HTTP, or 0 without a response
    this.reference = reference; // for the operator: OSS's code, request ID
    this.transient = transient; // whether another attempt may succeed
    this.retryAfter = retryAfter; // milliseconds, from the function
    this.cause = cause; // what the platform reported
  }
}

/** What AbortController is in browsers: pass `signal` to upload(), and abort() cancels it. */
export class Canceller {
  constructor() {
    const listeners = new Set();
    this.signal = {
      aborted: false,
      addEventListener: (type, listener) => listeners.add(listener),
      removeEventListener: (type, listener) => listeners.delete(listener),
    };
    this.abort = () => {
      if (this.signal.aborted) return;
      this.signal.aborted = true;
      for (const listener of [...listeners]) listener();
    };
  }
}

// Grants whose form may have arrived although the response was lost, by path. The next call for the
// path posts to the same key: OSS then refuses with 409 what it has stored, and keeps one copy.
const unsettled = new Map();

/** Uploads the file at a path that the platform gave, such as `tempFilePath`. */
export async function upload(path, options) {
  const settings = checked(path, options);
  const { signal, retries, onProgress, size } = settings;
  const report = (state, sent, total = size, waiting = null) => {
    try {
      if (onProgress) onProgress({ state, sent, total, waiting });
    } catch (error) {
      // As with any event: it is reported, and what goes on does not depend on its listeners.
      setTimeout(() => {
        throw error;
      });
    }
  };
  let grant = unsettled.get(path);
  if (grant && grant.caller !== settings.caller) grant = undefined;
  let renewed = retries === 0;
  for (let tries = 0; ; tries++) {
    let state = "signing";
    try {
      throwIfAborted(signal);
      if (!isFresh(grant)) {
        report(state, 0);
        grant = await requestGrant(settings);
        throwIfAborted(signal);
      }
      state = "uploading";
      report(state, 0);
      const result = await post(path, grant, settings, (sent, total) => report(state, sent, total));
      unsettled.delete(path);
      return result;
    } catch (error) {
      throwIfAborted(signal);
      if (error.renewable && !renewed) {
        renewed = true;
        grant = undefined;
        tries--;
        continue;
      }
      // Without a network, attempts prove nothing about the services: go on until it is back.
      const offline = error.code === "offline" && retries > 0;
      if (!error.transient || (tries >= retries && !offline)) throw error;
      const milliseconds = pauseBefore(tries, error);
      report(state, 0, size, { milliseconds, error });
      await pause(milliseconds, settings);
      if (offline && !(await isOffline(settings.platform))) tries = -1;
    }
  }
}

/** The options as they are used; a TypeError for a mistake in them. */
function checked(path, options) {
  const { platform, endpoint, headers = {}, signal, onProgress, preset, type, size } = options || {};
  const { retries = 3 } = options || {};
  const demand = (right, text) => {
    if (!right) throw new TypeError(text);
  };
  demand(path && typeof path === "string", "The first argument must be the path of a file.");
  demand(platform && typeof platform.uploadFile === "function", "`platform` must be wx, my, uni or Taro.");
  // Not by `new URL`, which mini programs lack.
  const address = /^(https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*?)??)\/*(\?[^#\s]*)?$/.exec(endpoint);
  demand(address, "`endpoint` must be the http(s) URL of the function.");
  const name = nameOf(path, options.name);
  for (const [option, text] of Object.entries({ preset, type, name })) {
    demand(text === undefined || (typeof text === "string" && text), `\`${option}\` must be text.`);
  }
  demand(size === undefined || (Number.isInteger(size) && size >= 0), "`size` must be a number of bytes.");
  demand(Number.isInteger(retries) && retries >= 0, "`retries` must be a whole number.");
  demand(!onProgress || typeof onProgress === "function", "`onProgress` must be a function.");
  demand(!signal || typeof signal.addEventListener === "function", "`signal` must be that of a Canceller.");
  const isFunction = typeof headers === "function";
  demand(isFunction || (headers && typeof headers === "object"), "`headers` must be an object, or a function that returns one.");
  return {
    platform,
    url: `${address[1]}/sign${address[2] || ""}`,
    headers: isFunction ? headers : () => headers,
    renews: isFunction && retries > 0,
    signal,
    onProgress,
    preset,
    type,
    name,
    size,
    retries,
    // Whose grants these are; a function stands for one user.
    caller: JSON.stringify([endpoint, preset, isFunction ? "" : Object.entries(headers)]),
  };
}

/** The name that the function gets: it derives the type from its extension. */
function nameOf(path, name) {
  const given = name === undefined ? path.replace(/[?#].*$/, "").split(/[\\/]/).pop() || "file" : name;
  if (typeof given !== "string") return given;
  return given.replace(/\.(image|video|audio)$/, (end, kind) => `.${EXTENSIONS_OF_ALIPAY[kind]}`);
}

async function requestGrant({ platform, url, headers, renews, signal, preset, type, name, size, caller }) {
  // The function reads the time that is left off `expires`, counted from here: the local clock's
  // difference counts, not what it shows.
  const requested = Date.now();
  const data = { filename: name };
  for (const [member, value] of Object.entries({ content_type: type, size, preset })) {
    if (value !== undefined) data[member] = value;
  }
  for (let renew = false; ; renew = true) {
    const header = Object.assign({}, await given(headers, { renew }), { "content-type": "application/json" });
    throwIfAborted(signal);
    const response = await call(platform, "request", signal, {
      url,
      method: "POST",
      data,
      header,
      headers: header, // Alipay's name for it
      dataType: "text", // a refusal that is not JSON is not a failure of the network
      timeout: FUNCTION_TIMEOUT_MS,
    });
    if (response.failed) throw await silence(platform, "unreachable", "The function cannot be reached.", response.failed);
    if (response.status === 401 && renews && !renew) continue;
    const document = typeof response.body === "string" ? parseJson(response.body) : response.body;
    if (response.status < 200 || response.status >= 300) throw refusalOfFunction(document, response);
    if (!isGrant(document)) throw new UploadError("bad_answer", "The response is not from the function.", { status: response.status });
    return Object.assign(document, { caller, deadline: requested + document.expires * 1000, mayBeStored: false });
  }
}

async function given(headers, how) {
  try {
    return await headers(how);
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError("unauthorized", "The function for headers failed.", { cause });
  }
}

/**
 * Calls an API of the platform: `{status, body, header}`, or `{failed}` if there was no response.
 *
 * `success` means that there was one, whatever its status, which Alipay's simulator gives as text.
 * Alipay's `request` calls `fail` with the error 19 for a status of 400 and more; which, if it does
 * not say, counts as the caller's mistake.
 */
function call(platform, name, signal, options, onProgress) {
  return new Promise((resolve) => {
    let task;
    const abort = () => {
      if (task && typeof task.abort === "function") task.abort();
      settle({ failed: { errMsg: "abort" } }); // not every platform reports it
    };
    const settle = (response) => {
      if (signal) signal.removeEventListener("abort", abort);
      resolve(response);
    };
    const respond = (response) =>
      settle({
        status: Number(response.statusCode === undefined ? response.status : response.statusCode),
        body: response.data,
        header: response.header || response.headers || {},
      });
    if (signal) signal.addEventListener("abort", abort);
    const success = respond;
    const fail = (error) => {
      const failed = error || {};
      const status = Number(failed.status || failed.statusCode);
      if (status >= 400) respond(failed);
      else if (Number(failed.error) === 19) respond(Object.assign({}, failed, { statusCode: 400 }));
      else settle({ failed });
    };
    task = platform[name](Object.assign({}, options, { success, fail }));
    if (task && typeof task.catch === "function") task.catch(() => {}); // Taro gives a promise, too
    if (!task || !onProgress) return;
    const progressed = ({ totalBytesSent, totalBytesExpectedToSend, totalBytesWritten, totalBytesExpectedToWrite }) =>
      onProgress(totalBytesSent || totalBytesWritten || 0, totalBytesExpectedToSend || totalBytesExpectedToWrite || 0);
    if (typeof task.onProgressUpdate === "function") task.onProgressUpdate(progressed);
    else if (typeof task.progress === "function") task.progress(progressed);
  });
}

function isFresh(grant) {
  return Boolean(grant) && Date.now() < grant.deadline - GRANT_MARGIN_MS;
}

function isGrant(document) {
  return Boolean(
    document &&
      typeof document.url === "string" &&
      typeof document.expires === "number" &&
      document.fields &&
      typeof document.fields.key === "string" &&
      Object.values(document.fields).every((value) => typeof value === "string"),
  );
}

function refusalOfFunction(document, { status, header }) {
  const { code, message, request_id: reference } = (document && document.error) || {};
  const isKnown = typeof code === "string";
  const isOutage = status >= 500 || status === 429 || code === "internal_error";
  return new UploadError(
    isKnown ? code : isOutage ? "unavailable" : "bad_answer",
    typeof message === "string" ? message : `The function returned status ${status}.`,
    {
      status,
      reference: typeof reference === "string" ? reference : "",
      transient: isOutage && code !== "misconfigured",
      retryAfter: 1000 * (Number(headerOf(header, "retry-after")) || 0),
    },
  );
}

async function post(path, grant, { platform, signal, size }, onSent) {
  const formData = Object.assign({}, grant.fields);
  // OSS refuses an empty callback: it is not base64 of a JSON object.
  if (!formData.callback) delete formData.callback;
  const options = {
    url: grant.url,
    filePath: path,
    name: "file",
    fileName: "file", // the older name of `name` at Alipay; in Taro's pages the file's, which counts for nothing
    fileType: fileTypeOf(grant), // Alipay demands it
    formData,
    timeout: UPLOAD_TIMEOUT_MS,
    withCredentials: false, // Taro's pages send cookies otherwise, and the bucket does not allow them
    hideLoading: true, // Alipay
  };
  const response = await call(platform, "uploadFile", signal, options, (sent, total) => {
    // Without the form's other fields, where the size is known; else of the whole form.
    if (size === undefined) onSent(sent, total);
    else onSent(Math.max(0, Math.min(size, sent - Math.max(0, total - size))));
  });
  if (response.failed) {
    keepUnsettled(path, grant);
    throwIfAborted(signal);
    throw await silence(platform, "connection_lost", "No response from OSS.", response.failed);
  }
  if (response.status >= 200 && response.status < 300) return resultOf(grant, size, response);
  const error = refusalOfStorage(response);
  if (error.code === "already_exists" && grant.mayBeStored) {
    unsettled.delete(path);
    return Object.assign(resultOf(grant, size, { status: 200, body: "", header: {} }), { callback: null, repeated: true });
  }
  if (error.transient) keepUnsettled(path, grant);
  else unsettled.delete(path);
  throw error;
}

function keepUnsettled(path, grant) {
  grant.mayBeStored = true;
  unsettled.set(path, grant);
}

function fileTypeOf({ fields }) {
  const [kind] = (fields["Content-Type"] || "").split("/");
  return kind in EXTENSIONS_OF_ALIPAY ? kind : "image"; // there is no fourth
}

function resultOf(grant, size, { status, body, header }) {
  const { key } = grant.fields;
  let callback = null;
  if (status === 203) callback = { ok: false }; // stored, but the callback failed
  else if (grant.fields.callback) callback = { ok: true, answer: typeof body === "string" ? parseJson(body) : body };
  return {
    key,
    url: grant.url + key.split("/").map(encodeURIComponent).join("/"),
    size,
    contentType: grant.fields["Content-Type"],
    etag: headerOf(header, "etag") || null,
    callback,
    repeated: false,
  };
}

/** Platforms differ in the case of names. */
function headerOf(header, name) {
  const found = Object.keys(header).find((given) => given.toLowerCase() === name);
  return found === undefined ? undefined : header[found];
}

// OSS documents, PostObject errors and the EC pages.
const MEANINGS = {
  AccessDenied: "grant_refused",
  AccessKeyIdAndSecurityTokenNotMatch: "grant_refused",
  EntityTooLarge: "file_too_large",
  EntityTooSmall: "file_too_small",
  FileAlreadyExists: "already_exists",
  InvalidAccessKeyId: "grant_refused",
  InvalidPolicyDocument: "grant_refused",
  InvalidSecurityToken: "grant_refused",
  RequestTimeTooSkewed: "grant_refused",
  SecurityTokenExpired: "grant_expired",
  SignatureDoesNotMatch: "grant_refused",
};
// Their credentials are gone; those of a new grant may be others.
const REPLACED = ["AccessKeyIdAndSecurityTokenNotMatch", "InvalidAccessKeyId", "InvalidSecurityToken"];

/** OSS's errors are XML, which mini programs cannot parse. */
function refusalOfStorage({ status, body }) {
  const text = (name) => (new RegExp(`<${name}>([^<]*)</${name}>`).exec(body) || [])[1] || "";
  const [code, message, requestId, ec] = ["Code", "Message", "RequestId", "EC"].map(text);
  const transient = status >= 500 || status === 429 || code === "RequestTimeout";
  const meaning = message.includes("Policy expired") ? "grant_expired" : MEANINGS[code];
  const error = new UploadError(
    transient ? "unavailable" : meaning || "storage_refused",
    message || `OSS returned status ${status}.`,
    { status, reference: [code, ec, requestId].filter(Boolean).join(" "), transient },
  );
  error.renewable = error.code === "grant_expired" || REPLACED.includes(code);
  return error;
}

/** The error for no response. What cannot become better by itself is not tried again. */
async function silence(platform, code, message, cause) {
  const words = String(cause.errMsg || cause.errorMessage || "");
  if (/domain list|url not in/i.test(words)) {
    return new UploadError(code, `The app's list of domains lacks this host: ${words}`, { cause });
  }
  if (/file not found|no such file|file error|not exist/i.test(words)) {
    return new UploadError("file_unreadable", "The file can no longer be read.", { cause });
  }
  if (await isOffline(platform)) {
    return new UploadError("offline", "There is no network.", { transient: true, cause });
  }
  return new UploadError(code, message, { transient: true, cause });
}

function isOffline(platform) {
  return new Promise((resolve) => {
    if (typeof platform.getNetworkType !== "function") return resolve(false);
    const asked = platform.getNetworkType({
      // Alipay says NOTREACHABLE.
      success: ({ networkType }) => resolve(/^(none|notreachable)$/i.test(networkType)),
      fail: () => resolve(false),
    });
    if (asked && typeof asked.catch === "function") asked.catch(() => resolve(false));
  });
}

/** Each pause is twice as long as the previous one, with some jitter between files. */
function pauseBefore(tries, { retryAfter }) {
  const backoff = FIRST_PAUSE_MS * Math.pow(2, tries) * (1 + Math.random() / 4);
  return Math.min(Math.max(backoff, retryAfter), LONGEST_PAUSE_MS);
}

/** Ends early when the network returns, or after an abort. */
function pause(milliseconds, { platform, signal }) {
  return new Promise((resolve) => {
    const canHear = typeof platform.onNetworkStatusChange === "function" && typeof platform.offNetworkStatusChange === "function";
    const changed = (network) => {
      if (network.isConnected) done();
    };
    const done = () => {
      clearTimeout(timer);
      if (canHear) platform.offNetworkStatusChange(changed);
      if (signal) signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (canHear) platform.onNetworkStatusChange(changed);
    if (signal) signal.addEventListener("abort", done);
  });
}

function throwIfAborted(signal) {
  if (!signal || !signal.aborted) return;
  if (signal.reason !== undefined) throw signal.reason; // a browser's own signal
  const error = new Error("The upload was cancelled.");
  error.name = "AbortError";
  throw error;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}
