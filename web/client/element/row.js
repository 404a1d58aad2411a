/** One file's row: shows an item of the queue, with its buttons. */

import { bytes, explain, fill } from "../messages/index.js";
import { extensionOf, largest } from "../queue.js";
import { make, setText, showProgress, showSome } from "./dom.js";
import { pace, percent } from "./pace.js";

// Another attempt with the same file cannot help; only another file can.
const FAULTS_OF_THE_FILE = [
  "file_too_large",
  "file_too_small",
  "file_unreadable",
  "invalid_request",
  "type_not_allowed",
];
// The person can mend these alone, so that the operator's reference would only confuse.
const OWN_FIX = [...FAULTS_OF_THE_FILE, "unauthorized", "preset_not_allowed"];
// Marks that hide, or turn the direction of writing: with them an .exe looks like a .png.
const DECEIVING = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

let rows = 0;

export function canRetry({ state, error }) {
  return state === "cancelled" || (state === "failed" && !FAULTS_OF_THE_FILE.includes(error.code));
}

export function shownName(name) {
  return name.replace(DECEIVING, "");
}

/** What an item's state is called, as a sentence or a few words. */
export function outcome({ state, error, size, result }, words, limits) {
  if (state === "failed") return explain(error, words, { size, maximum: largest(limits) });
  if (state !== "done") return words[state];
  if (result.callback?.ok === false) return words.callbackFailed;
  return result.repeated ? words.repeated : words.done;
}

/** `view` has words, limits and links, and listens to the buttons. */
export function createRow(item, name, view) {
  const shown = shownName(name);
  const id = `file-${++rows}`;
  const title = make("p.name", { id, dir: "auto" }, shown);
  const preview = make("span.preview", { "aria-hidden": true });
  preview.textContent = extensionOf(name).slice(0, 4).toUpperCase() || "?";
  const text = make("span.text");
  const speed = make("span.pace");
  const bar = make("div.bar", { role: "progressbar", "aria-labelledby": id });
  const detail = make("p.detail");
  const open = make("a.open", { target: "_blank" });
  const kinds = ["retry", "pause", "resume", "cancel", "remove"];
  const [retry, pause, resume, cancel, remove] = kinds.map((kind) => make(`button.${kind}`));
  const actions = { retry, pause, resume, cancel, open, remove };
  const element = make(
    "li.row", {}, preview,
    make("div.body", {}, title, make("p.status", {}, text, " ", speed), bar, detail),
    make("div.actions", {}, open, retry, pause, resume, cancel, remove),
  );

  function translate() {
    for (const [kind, action] of Object.entries(actions)) {
      action.textContent = kind === "remove" ? "×" : view.words[kind];
      action.setAttribute("aria-label", `${view.words[kind]} ${shown}`);
    }
  }

  function status() {
    const { words, limits } = view;
    const { state, size, sent, waiting, result } = item;
    if (waiting) {
      const { error, until } = waiting;
      if (error.code === "offline") return words.offline;
      // What is wrong, without what to do: it is done.
      const [reason] = /^[^.。]+[.。]/.exec(explain(error, words)) ?? [""];
      const seconds = Math.max(1, Math.ceil((until - performance.now()) / 1000));
      return fill(words.again, { reason, seconds });
    }
    const whole = bytes(size, words.tag);
    if (state === "paused" || (state === "uploading" && sent < size)) {
      return fill(words[state], { sent: bytes(sent, words.tag), size: whole });
    }
    const said = state === "uploading" ? words.finishing : outcome(item, words, limits);
    const isSentence = state === "failed" || state === "interrupted" || result?.callback?.ok === false;
    return isSentence ? said : `${said} · ${whole}`;
  }

  function render() {
    const { state, size, sent, result, error, waiting, isFinished, inParts } = item;
    element.dataset.state = state;
    element.toggleAttribute("data-waiting", Boolean(waiting));
    if (result?.callback) element.dataset.callback = result.callback.ok ? "answered" : "failed";
    const isSending = state === "uploading" && !waiting;
    setText(text, status());
    setText(speed, isSending ? pace(row.meter, size - sent, view.words) : "");
    showProgress(bar, state === "done" ? 100 : percent(sent, size));
    bar.hidden = isFinished;
    const reference = OWN_FIX.includes(error?.code) ? "" : error?.reference;
    setText(detail, reference ? fill(view.words.reference, { reference }) : "");
    if (result) open.href = result.url;
    showSome([
      [retry, canRetry(item)],
      [pause, inParts && /^(signing|uploading)$/.test(state)],
      [resume, state === "paused"],
      [cancel, !isFinished],
      [open, result && view.links],
      [remove, isFinished],
    ]);
  }

  translate();
  element.item = item;
  const row = { element, preview, meter: null, render, translate };
  return row;
}
