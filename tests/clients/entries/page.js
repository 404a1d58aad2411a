// What the test page around each client offers: addresses, the chosen file, and a record of what
// the client's own callbacks said, which the test reads.

const query = new URLSearchParams(location.search);
export const functionUrl = query.get("function");
export const token = query.get("token");

const record = { progress: [], answer: null, failure: null };
window.record = record;

export const app = document.querySelector("#app");

export function onFile(use) {
  app.querySelector("input").addEventListener("change", (event) => use(event.target.files[0]));
}

export function progressed(sent, total) {
  record.progress.push(sent / total);
}

/** The upload is done as far as the client's own callback goes; `key` is the object it names. */
export function succeeded({ key, ...more }) {
  record.answer = { key, ...more };
}

export function failed(error) {
  record.failure = String(error?.message ?? error);
}
