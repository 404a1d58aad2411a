// Usage: run.mjs SCRIPT JSON. Uploads with the bundled miniprogram.js in a context that has what
// every JavaScript engine has, timers and a platform, and nothing else: no fetch, no
// XMLHttpRequest, no URL, no AbortController. Pauses take no time. Prints what happened as JSON.

import { readFileSync } from "node:fs";
import vm from "node:vm";
import { my } from "./my.mjs";
import { Taro } from "./taro.mjs";
import { files, network } from "./transport.mjs";
import { uni } from "./uni.mjs";
import { wx } from "./wx.mjs";

const [script, given] = process.argv.slice(2);
const { platform: name, path, file, endpoint, options, setUp = "" } = JSON.parse(given);

const pauses = [];
const soon = globalThis.setImmediate;
const context = vm.createContext({
  setTimeout: (callback, milliseconds) => {
    pauses.push(milliseconds);
    return soon(callback);
  },
  clearTimeout: globalThis.clearImmediate,
});
vm.runInContext(readFileSync(script, "utf8"), context);
const { upload, Canceller, UploadError } = vm.runInContext("mini", context);

const platform = { ...{ wx, my, uni, Taro }[name] };
const report = { progress: [], calls: [], pauses, result: null, error: null };
for (const api of ["request", "uploadFile"]) {
  const call = platform[api];
  platform[api] = (sent) => {
    const { success, fail, ...rest } = sent;
    report.calls.push({ api, ...rest });
    return call(sent);
  };
}
files.set(path, file);
const canceller = new Canceller();
const onProgress = (progress) => report.progress.push(progress);
const scope = { platform, network, canceller, report, onProgress, path, endpoint };
const run = (code) => new Function(...Object.keys(scope), `return ${code}`)(...Object.values(scope));
if (setUp) run(setUp);
try {
  report.result = await upload(path, { platform, endpoint, onProgress, ...run(options || "({})") });
} catch (error) {
  const { name, code, message, status, reference, transient } = error;
  const isOurs = error instanceof UploadError;
  report.error = { name, code, message, status, reference, transient, isOurs };
}
console.log(JSON.stringify(report));
process.exit(); // a cancelled request may linger
