// WeChat's wx, as its documents describe it: any response is `success`, `fail` is for the network.

import { form, isMissing, jsonOrText, lowerCase, network, send } from "./transport.mjs";

function report(callbacks, name, result) {
  (result.errMsg.endsWith(":ok") ? callbacks.success : callbacks.fail)?.(result);
  callbacks.complete?.(result);
}

function request(options) {
  const { url, data, header = {}, method = "GET", dataType = "json", timeout = 60_000 } = options;
  const headers = { "content-type": "application/json", ...lowerCase(header) };
  const body = typeof data === "object" ? JSON.stringify(data) : data;
  const sending = send({ url, method, header: headers, body, timeout });
  sending.done.then(
    ({ status, header, text }) =>
      report(options, "request", {
        data: dataType === "json" ? jsonOrText(text) : text,
        statusCode: status,
        header,
        cookies: [],
        errMsg: "request:ok",
      }),
    (error) => report(options, "request", { errMsg: `request:fail ${error.message}` }),
  );
  return { abort: sending.abort };
}

function uploadFile(options) {
  const { url, filePath, name, formData = {}, header = {}, timeout = 60_000 } = options;
  const listeners = [];
  for (const [parameter, value] of Object.entries({ url, filePath, name })) {
    if (typeof value !== "string") {
      throw new TypeError(`uploadFile:fail parameter error: parameter.${parameter} should be String`);
    }
  }
  let sending;
  if (isMissing(filePath)) {
    queueMicrotask(() => report(options, "uploadFile", { errMsg: "uploadFile:fail file not found" }));
  } else {
    const { type, body } = form(formData, name, filePath);
    sending = send({
      url,
      method: "POST",
      header: { ...lowerCase(header), "content-type": type },
      body,
      timeout,
      onSent: (sent, total) =>
        listeners.forEach((listener) =>
          listener({
            progress: Math.floor((sent / total) * 100),
            totalBytesSent: sent,
            totalBytesExpectedToSend: total,
          }),
        ),
    });
    sending.done.then(
      ({ status, header, text }) =>
        report(options, "uploadFile", {
          data: text,
          statusCode: status,
          header,
          errMsg: "uploadFile:ok",
        }),
      (error) => report(options, "uploadFile", { errMsg: `uploadFile:fail ${error.message}` }),
    );
  }
  return { abort: () => sending?.abort(), onProgressUpdate: (listener) => listeners.push(listener) };
}

export const wx = {
  request,
  uploadFile,
  getNetworkType: ({ success }) => queueMicrotask(() => success({ networkType: network.type })),
  onNetworkStatusChange: (listener) => network.listeners.add(listener),
  offNetworkStatusChange: (listener) => network.listeners.delete(listener),
};
