// What the test page offers each client: addresses, the chosen file, and a record of what the
// client's own callbacks reported, which the test reads.

const query = new URLSearchParams(location.search);
export const functionUrl = query.get("function");
export const token = query.get("token");

const record = { progress: [], result: null, failure: null };
window.record = record;

export const app = document.querySelector("#app");

export function onFile(use) {
  app.querySelector("input").addEventListener("change", (event) => use(event.target.files[0]));
}

export function progressed(sent, total) {
  record.progress.push(sent / total);
}

/** The client's own callback reports success; `key` is the object that it names. */
export function succeeded({ key, ...more }) {
  record.result = { key, ...more };
}

export function failed(error) {
  record.failure = String(error?.message ?? error);
}
