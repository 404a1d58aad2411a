// Alipay's my, as its documents describe it: `headers` of a request, `header` of an upload, a
// required `fileType`, the error 14 for what is not JSON, 19 for a status of 400 and more, numbers
// as text in the simulator.

import { form, isMissing, jsonOrText, lowerCase, network, send } from "./transport.mjs";

const FILE_TYPES = ["image", "video", "audio"];

function report(callbacks, outcome, result) {
  callbacks[outcome]?.(result);
  callbacks.complete?.(result);
}

function request(options) {
  const { url, data, headers = {}, method = "GET", dataType = "json", timeout = 30_000 } = options;
  const body = typeof data === "object" ? JSON.stringify(data) : data;
  const sending = send({ url, method, header: lowerCase(headers), body, timeout });
  sending.done.then(
    ({ status, header, text }) => {
      const data = dataType === "json" ? jsonOrText(text) : text;
      if (dataType === "json" && typeof data === "string") {
        return report(options, "fail", { error: 14, errorMessage: "JSON parse data error" });
      }
      if (status < 400) report(options, "success", { data, status, headers: header });
      else report(options, "fail", { error: 19, errorMessage: "http status error", data, status });
    },
    (error) => report(options, "fail", { error: 12, errorMessage: error.message }),
  );
  return { abort: sending.abort };
}

function uploadFile(options) {
  const { url, filePath, fileType, formData = {}, header = {}, timeout = 60_000 } = options;
  const name = options.name ?? options.fileName;
  const listeners = [];
  let sending;
  if (!FILE_TYPES.includes(fileType) || typeof name !== "string") {
    queueMicrotask(() => report(options, "fail", { error: 2, errorMessage: "invalid parameter" }));
  } else if (isMissing(filePath)) {
    queueMicrotask(() => report(options, "fail", { error: 11, errorMessage: "file not exist" }));
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
          listener({ totalBytesSent: sent, totalBytesExpectedToSend: total }),
        ),
    });
    sending.done.then(
      ({ status, header, text }) =>
        report(options, "success", { data: text, statusCode: String(status), header }),
      (error) => report(options, "fail", { error: 12, errorMessage: error.message }),
    );
  }
  return { abort: () => sending?.abort(), onProgressUpdate: (listener) => listeners.push(listener) };
}

export const my = {
  request,
  uploadFile,
  getNetworkType: ({ success }) =>
    queueMicrotask(() =>
      success({
        networkType: network.type === "none" ? "NOTREACHABLE" : "WIFI",
        networkAvailable: network.type !== "none",
      }),
    ),
  onNetworkStatusChange: (listener) => network.listeners.add(listener),
  offNetworkStatusChange: (listener) => network.listeners.delete(listener),
};
