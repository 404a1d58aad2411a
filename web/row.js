/** One file's row: shows a transfer of the queue, with its buttons. */

import { extensionOf } from "./limits.js";
import { bytes, explain, pace, percent, reference, translate, words } from "./messages.js";

// What browsers can draw. A picture that cannot be drawn keeps its extension as the preview.
const PICTURES = /^image\/(?!svg)/;

let rows = 0;

export class Row {
  /** `act` has cancel() and retry(); `maximum()` is the size limit, if known. */
  constructor(transfer, { act, maximum }) {
    this.transfer = transfer;
    this.maximum = maximum;
    const template = document.querySelector("#row").content.cloneNode(true);
    translate(template);
    this.element = template.querySelector("li");
    const { file } = transfer;
    const name = this.#part(".name");
    name.textContent = name.title = file.name;
    name.id = `file-${++rows}`;
    this.bar = this.#part(".bar");
    this.bar.setAttribute("aria-labelledby", name.id);
    for (const kind of ["cancel", "retry"]) {
      const button = this.#part(`.${kind}`);
      button.setAttribute("aria-describedby", name.id); // all buttons have the same name
      button.onclick = act[kind];
      this[kind] = button;
    }
    showPreview(this.#part(".preview"), file);
  }

  render() {
    const { element, transfer } = this;
    const { state, file, sent, result, error, waiting, meter } = transfer;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    element.dataset.state = state;
    element.toggleAttribute("data-waiting", Boolean(waiting));
    if (result?.callback) element.dataset.callback = result.callback.ok ? "answered" : "failed";

    const uploading = state === "uploading" && !waiting;
    this.#part(".text").textContent = this.#status();
    this.#part(".pace").textContent = uploading ? pace(meter, file.size - sent) : "";
    showProgress(this.bar, state === "done" ? 100 : percent(sent, file.size));
    this.bar.hidden = !transfer.open;

    const link = this.#part("a");
    if (result) {
      link.href = result.url;
      link.textContent = result.key;
    }
    link.parentElement.hidden = !result;
    const detail = this.#part(".detail");
    detail.textContent = this.#detail(result, error);
    detail.hidden = !detail.textContent;

    this.cancel.hidden = !transfer.open;
    this.retry.hidden = !transfer.retriable;
    if (focused && !focused.checkVisibility()) this.#refocus();
  }

  /** The status as text. */
  get words() {
    return this.#status();
  }

  #status() {
    const { state, file, sent, result, error, waiting } = this.transfer;
    if (waiting) {
      const seconds = Math.max(1, Math.ceil((waiting.until - performance.now()) / 1000));
      return words.again(words.reasons[waiting.error.code] ?? words.reasons.unavailable, seconds);
    }
    if (state === "failed") return explain(error, file, this.maximum());
    const size = bytes(file.size);
    if (state === "uploading") {
      if (sent === file.size) return `${words.finishing} · ${size}`;
      return words.sentOf(bytes(sent), size);
    }
    if (state !== "done") return `${words[state]} · ${size}`;
    if (result.callback?.ok === false) return `${words.callbackFailed} · ${size}`;
    return `${result.repeated ? words.repeated : words.done} · ${size}`;
  }

  #detail(result, error) {
    const answer = result?.callback?.answer;
    return answer ? words.callbackAnswer(JSON.stringify(answer)) : reference(error);
  }

  /** The focused button is gone: keep keyboard users here, and not at the top of the page. */
  #refocus() {
    const next = [this.retry, this.cancel, this.#part("a")].find((part) => part.checkVisibility());
    next?.focus();
  }

  #part(selector) {
    return this.element.querySelector(selector);
  }
}

export function showProgress(bar, value) {
  bar.setAttribute("aria-valuenow", value);
  bar.style.setProperty("--progress", `${value}%`);
}

function showPreview(place, file) {
  place.textContent = extensionOf(file.name).slice(0, 4).toUpperCase() || "?";
  if (!PICTURES.test(file.type)) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = URL.createObjectURL(file);
  picture.decode().then(
    () => place.replaceChildren(picture),
    () => URL.revokeObjectURL(picture.src),
  );
}
