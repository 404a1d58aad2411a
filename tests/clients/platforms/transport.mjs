// What the stubs of the platforms share: files behind temporary paths, requests that report what
// was sent, and the form as a browser's engine writes it. That is how Alipay's documents show it;
// WeChat's show only that `formData` comes before the file, as OSS's own sample relies on.

import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { basename } from "node:path";

/** The files that the user chose: what the platform calls them, and where they are. */
export const files = new Map();

export const network = {
  type: "wifi",
  listeners: new Set(),
  change(type) {
    this.type = type;
    const isConnected = type !== "none";
    for (const listener of [...this.listeners]) listener({ isConnected, networkType: type });
  },
};

/** Resolves to {status, header, text}; `abort` ends it. Chunks, so that progress is seen. */
export function send({ url, method, header, body = "", timeout, onSent = () => {} }) {
  let request;
  const done = new Promise((resolve, reject) => {
    if (network.type === "none") return reject(new Error("net::ERR_INTERNET_DISCONNECTED"));
    const content = Buffer.from(body);
    request = http.request(url, { method, headers: { ...header, "content-length": content.length } });
    request.on("error", reject);
    request.setTimeout(timeout, () => request.destroy(new Error("timeout")));
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          header: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    const size = 64 * 1024;
    const write = (sent) => {
      const end = Math.min(sent + size, content.length);
      request.write(content.subarray(sent, end), () => {
        onSent(end, content.length);
        if (end < content.length) write(end);
        else request.end();
      });
    };
    if (content.length) write(0);
    else request.end();
  });
  return { done, abort: () => request && request.destroy(new Error("abort")) };
}

export function isMissing(path) {
  return !existsSync(files.get(path) ?? path);
}

export function form(fields, name, path) {
  const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW3";
  const parts = Object.entries(fields).map(
    ([field, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  );
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; ` +
    `filename="${basename(path)}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([
      Buffer.from(parts.join("") + head),
      readFileSync(files.get(path) ?? path),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}

export const lowerCase = (header) =>
  Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));

export const jsonOrText = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
