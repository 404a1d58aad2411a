/**
 * `<oss-upload>`: pick, drop or paste files, and see them stored. Importing this file makes the
 * browser know the element, and does nothing else.
 *
 *     <script type="module" src="client/element.js"></script>
 *     <oss-upload endpoint="https://upload.example.com" multiple></oss-upload>
 */

import { make } from "./element/dom.js";
import { openIntake } from "./element/intake.js";
import { keep, readKept } from "./element/kept.js";
import { canRetry } from "./element/row.js";
import { addStyle } from "./element/style.js";
import { createView } from "./element/view.js";
import { explain, fill, messagesFor, withMessages } from "./messages/index.js";
import { UploadQueue, isSame } from "./queue.js";
import { UploadError } from "./upload.js";

// Without a document (Node, workers) there is no element, but the import works.
const Base = globalThis.HTMLElement ?? class {};

export class OssUpload extends Base {
  static formAssociated = true;
  static observedAttributes = ["endpoint", "preset", "multiple", "lang", "links", "required", "disabled"];

  #internals = this.attachInternals?.(); // Safari before 16.4 has none: it uploads all the same
  #messages = undefined;
  #tokenProvider = null;
  #queue = null;
  #view = null;
  #keptAs = "";
  #paths = new WeakMap(); // of files in folders
  #isSignedOut = false;
  #isSettling = false;
  #listening = null;

  connectedCallback() {
    for (const name of ["tokenProvider", "messages"]) {
      // What was set before the browser knew the element would hide its own property.
      const value = this[name];
      if (delete this[name]) this[name] = value;
    }
    if (!this.#view) this.#build();
    // Frameworks set some properties only after they have put the element into the document.
    queueMicrotask(() => this.isConnected && !this.#listening && this.#open());
  }

  disconnectedCallback() {
    // Moved elements are back at once; of others nobody would see what becomes of the files.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#listening?.abort();
      this.#listening = null;
      this.#act("cancelAll");
    });
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#view || before === now) return;
    if (name === "endpoint" || name === "preset") {
      this.clear();
      if (this.#listening) this.#start();
    } else this.#configure();
  }

  formDisabledCallback(disabled) {
    this.#view?.disable(disabled);
  }

  formResetCallback() {
    this.clear();
  }

  /** An async function that resolves to the caller's token, or to null if there is none. */
  get tokenProvider() {
    return this.#tokenProvider;
  }

  set tokenProvider(provider) {
    this.#tokenProvider = provider;
    if (this.#isSignedOut) this.#readLimits();
  }

  /** Texts in place of its own; those that lack remain English or Chinese. */
  get messages() {
    return this.#messages;
  }

  set messages(messages) {
    this.#messages = messages;
    if (this.#view) this.#configure();
  }

  /** The keys of what is stored; a form gets each under the element's `name`. */
  get value() {
    return this.#stored.map(({ result }) => result.key);
  }

  /** Its files, as an UploadQueue has them. */
  get items() {
    return this.#queue?.items ?? [];
  }

  add(files) {
    this.#accept(Array.from(files, (file) => [file, file.webkitRelativePath]));
  }

  /** Empties the list; what is not finished is cancelled. */
  clear() {
    for (const item of [...this.items]) this.#queue.remove(item);
  }

  focus(options) {
    this.#view?.picker.focus(options);
  }

  get #stored() {
    return this.items.filter(({ state }) => state === "done");
  }

  #words() {
    const lang = this.getAttribute("lang");
    return withMessages(messagesFor(lang ? [lang] : undefined), this.#messages);
  }

  #build() {
    this.#view = createView({
      act: (kind, item) => this.#act(kind, item),
      choose: (files) => this.add(files),
      totals: () => this.#queue.totals,
    });
    const root = this.attachShadow({ mode: "open" });
    addStyle(root);
    root.append(this.#view.element);
    this.#configure();
  }

  #configure() {
    this.#view.configure({
      words: this.#words(),
      links: this.getAttribute("links") !== "false",
      multiple: this.hasAttribute("multiple"),
      disabled: this.hasAttribute("disabled") || this.matches(":disabled"),
    });
    this.#settle();
  }

  #open() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const target = this.hasAttribute("anywhere") ? window : this;
    openIntake({
      target,
      signal,
      accept: (files) => this.#accept(files),
      show: (over) => this.#view.showOver(over, target === window),
    });
    addEventListener("beforeunload", (event) => this.#queue?.totals.open && event.preventDefault(), { signal });
    // A person may have signed in in another tab.
    addEventListener("focus", () => this.#isSignedOut && this.#readLimits(), { signal });
    // What was handed over with a form is not to appear in the next one.
    const form = this.#internals?.form ?? this.closest("form");
    form?.addEventListener("submit", () => keep(this.#keptAs, []), { signal });
    this.#start();
    // What was chosen while this script was on its way, or is being chosen right now.
    for (const input of this.querySelectorAll("input[type=file]")) {
      input.onchange = () => this.add(input.files);
      input.onchange();
      if (input === document.activeElement) this.focus();
      input.remove(); // or a form would send the files, too
    }
  }

  #start() {
    const [endpoint, preset] = ["endpoint", "preset"].map((name) => this.getAttribute(name) || undefined);
    if (!endpoint) return this.#show({ code: "not_configured" });
    const queue = new UploadQueue({ endpoint, preset, headers: (how) => this.#headers(how) });
    this.#queue = queue;
    const listen = (type, listener) =>
      queue.addEventListener(type, ({ detail }) => this.#queue === queue && listener(detail));
    listen("change", (item) => this.#changed(item));
    listen("progress", (item) => {
      this.#view.progressed(item);
      this.#emit("progress", { file: item.file, sent: item.sent, total: item.size });
    });
    listen("done", (item) => this.#ended(item, "done", { result: item.result }));
    listen("failed", (item) => this.#ended(item, "failed", { error: item.error }));

    this.#keptAs = ["oss-upload", location.pathname, endpoint, preset, this.id].join(" ");
    queue.restore(readKept(this.#keptAs));
    this.#readLimits();
  }

  async #headers({ renew }) {
    if (!this.#tokenProvider && !renew) return {};
    const token = await this.#tokenProvider?.({ renew });
    if (!token) throw new UploadError("unauthorized", "There is no token.");
    return { Authorization: `Bearer ${token}` };
  }

  #readLimits() {
    this.#queue?.readLimits().then(
      (limits) => {
        this.#view.showLimits(limits);
        this.#show(null);
      },
      (error) => {
        // Of an outage the files tell when their turn comes; without this route they upload, too.
        if (!error.transient && error.code !== "not_found") this.#show(error);
      },
    );
  }

  #show(error) {
    this.#isSignedOut = error?.code === "unauthorized";
    const { words } = this.#view;
    const signIn = this.#isSignedOut && this.getAttribute("sign-in");
    const link = signIn && make("a", { href: signIn, target: "_blank" }, words.signIn);
    this.#view.showNotice(error ? explain(error, words) : "", ...(link ? [link] : []));
  }

  #accept(found) {
    if (!found.length || !this.#queue || this.#view.picker.disabled) return;
    const files = this.hasAttribute("multiple") ? found : found.slice(0, 1);
    // One file takes the place of what was there, except of its own parts.
    const others = files === found ? [] : this.items.filter((item) => !isSame(item, files[0][0]));
    for (const item of others) this.#queue.remove(item);
    this.#view.say(fill(this.#view.words.added, { count: files.length }));
    for (const [file, path] of files) this.#paths.set(file, path || file.name);
    this.#queue.add(files.map(([file]) => file));
  }

  #changed(item) {
    if (item.state === "signing") this.#view.begun();
    if (item.state === "removed") this.#view.remove(item);
    else this.#view.show(item, this.#paths.get(item.file));
    this.#settle();
  }

  #ended(item, kind, detail) {
    this.#view.ended(item);
    if (item.error?.code === "unauthorized") this.#show(item.error);
    this.#emit(kind, { file: item.file, ...detail });
  }

  #act(kind, item) {
    if (item) this.#queue[kind](item);
    if (kind === "clear") {
      this.clear();
      this.focus();
    }
    if (kind === "retryAll") this.items.filter(canRetry).forEach((item) => this.#queue.retry(item));
    // The waiting ones first, or each freed place would start one of them.
    if (kind === "cancelAll") [...this.items].reverse().forEach((item) => this.#queue.cancel(item));
  }

  /** Once for all changes of a moment: the list of what is stored, and the value of the form. */
  #settle() {
    if (this.#isSettling) return;
    this.#isSettling = true;
    queueMicrotask(() => {
      this.#isSettling = false;
      if (this.#keptAs) keep(this.#keptAs, this.items.filter(canBeKept));
      if (this.#internals?.setFormValue) this.#setFormValue(this.#internals, this.value);
    });
  }

  #setFormValue(internals, keys) {
    const name = this.getAttribute("name");
    const data = new FormData();
    for (const key of keys) data.append(name, key);
    internals.setFormValue(name ? data : null);
    const { picker, words } = this.#view;
    const isMissing = this.hasAttribute("required") && !keys.length;
    if (this.#queue?.totals.open) internals.setValidity({ customError: true }, words.stillUploading, picker);
    else if (isMissing) internals.setValidity({ valueMissing: true }, words.required, picker);
    else internals.setValidity({});
  }

  #emit(kind, detail) {
    this.dispatchEvent(new CustomEvent(`oss-upload-${kind}`, { detail, bubbles: true, composed: true }));
  }
}

/** What a reload need not lose: stored files, and those that go on when they are chosen again. */
function canBeKept({ state, inParts }) {
  return state === "done" || (inParts && state !== "cancelled");
}

if (globalThis.customElements && !customElements.get("oss-upload")) {
  customElements.define("oss-upload", OssUpload);
}
