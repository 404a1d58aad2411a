/** What the element shows: pickers, limits, notice, rows, and all files together. */

import { bytes, fill } from "../messages/index.js";
import { largest } from "../queue.js";
import { createAnnouncer } from "./announcer.js";
import { make, makeIcon, setText, showProgress, showSome } from "./dom.js";
import { Meter, pace, percent } from "./pace.js";
import { canRetry, createRow, outcome, shownName } from "./row.js";
import { thumbnail } from "./thumbnail.js";

const FRAME_MS = 8; // of each frame; what is left of the work waits for the next one
const TICK_MS = 500; // how often speeds and countdowns are updated
const MOST_KINDS = 12;
const PICTURES = /^image\/(?!svg)/; // what browsers can draw
const SOUND = /^\.(aac|aiff?|amr|ape|flac|m4[ab]|midi?|mp3|og[ag]|opus|wav|weba|wma)$/; // in audio/*
const ARROW = "M12 15V4m0 0L7.5 8.5M12 4l4.5 4.5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3";

/**
 * `choose(files)` gets what is picked; `act(kind, item)` is a button of a row, or without an item
 * one for all files; `totals()` are those of all files.
 */
export function createView({ choose, act, totals }) {
  const names = new Map(); // of all items, in their order
  const rows = new Map(); // of those that a frame has had time for
  const changed = new Set();
  let meter = new Meter();
  let frame = 0;
  let ticking = 0;
  let quarter = 0;

  const picker = makePicker({ "aria-describedby": "or limits" });
  const folderPicker = makePicker({ webkitdirectory: "" });
  const chooseText = make("span.choose");
  const folderText = make("span");
  const folder = make("label.folder", {}, folderPicker, folderText);
  const or = make("span", { id: "or" });
  const limitsText = make("p.limits", { id: "limits" });
  const pick = make("label.pick", {}, picker, makeIcon(ARROW), chooseText);
  const drop = make("div.drop", {}, pick, make("p", {}, or, " ", folder), limitsText);
  const notice = make("p.notice", { role: "alert", hidden: "" });
  const list = make("ul.list", { role: "list" });
  const counts = make("strong");
  const speed = make("span.pace");
  const bar = make("div.bar", { role: "progressbar" });
  const [retryAll, cancelAll, clear] = ["retryAll", "cancelAll", "clear"].map((kind) => make(`button.${kind}`));
  const buttons = { retryAll, cancelAll, clear };
  const summary = make(
    "section.summary", { hidden: "" },
    make("div.body", {}, make("p.status", {}, counts, " ", speed), bar),
    make("div.actions", {}, retryAll, cancelAll, clear),
  );
  const status = make("p.unseen", { role: "status" });
  const overlay = make("p.overlay", { "aria-hidden": true, hidden: "" });
  const element = make("div.all", {}, drop, notice, list, summary, status, overlay);
  const announcer = createAnnouncer(status, () => view.words, counted);

  // One listener for the buttons of all rows, of which there may be thousands.
  element.onclick = ({ target: { tagName, className, parentNode } }) => {
    if (tagName === "BUTTON") act(className, parentNode.parentNode.item);
  };

  // Rows that come near get their picture.
  const nearness = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      nearness.unobserve(target);
      const isWanted = () => target.isConnected;
      thumbnail(target.file, isWanted).then((canvas) => canvas && target.replaceChildren(canvas));
    }
  });

  function makePicker(attributes) {
    const input = make("input", { type: "file", ...attributes });
    input.onchange = () => {
      choose([...input.files]);
      input.value = ""; // so that choosing the same file again is also a change
    };
    return input;
  }

  function renderSoon() {
    frame ||= requestAnimationFrame(render);
    ticking ||= setInterval(tick, TICK_MS);
  }

  function render() {
    const end = performance.now() + FRAME_MS;
    frame = 0;
    const fresh = document.createDocumentFragment();
    for (const item of changed) {
      changed.delete(item);
      if (!rows.has(item)) fresh.append(newRow(item).element);
      rows.get(item).render();
      if (performance.now() > end) break;
    }
    list.append(fresh);
    summarize();
    if (changed.size) renderSoon();
  }

  function newRow(item) {
    const row = createRow(item, names.get(item), view);
    rows.set(item, row);
    if (PICTURES.test(item.file?.type)) {
      row.preview.file = item.file;
      nearness.observe(row.preview);
    }
    return row;
  }

  function tick() {
    const open = [...names.keys()].filter(({ isFinished }) => !isFinished);
    for (const item of open) if (item.state !== "queued") view.show(item);
    if (open.length) return;
    clearInterval(ticking);
    ticking = 0;
  }

  function isSending() {
    return [...names.keys()].some(({ state, waiting }) => state === "uploading" && !waiting);
  }

  function counted() {
    const { done, count, failed, cancelled } = totals();
    const { words } = view;
    const texts = [fill(words.countDone, { done, count })];
    if (failed) texts.push(fill(words.countFailed, { count: failed }));
    if (cancelled) texts.push(fill(words.countCancelled, { count: cancelled }));
    return texts.join(words.separator);
  }

  function summarize() {
    const { count, open, sent, size } = totals();
    element.toggleAttribute("data-filled", count > 0);
    summary.hidden = count < 2; // for one file, its own row is enough
    setText(counts, counted());
    setText(speed, open && isSending() ? pace(meter, size - sent, view.words) : "");
    const value = open ? percent(sent, size) : 100;
    showProgress(bar, value);
    bar.hidden = !open;
    showSome([
      [clear, !open],
      [cancelAll, open],
      [retryAll, !open && [...names.keys()].some(canRetry)],
    ]);

    const reached = open ? Math.floor(value / 25) : 0;
    if (reached > quarter) announcer.say(fill(view.words.progress, { percent: reached * 25 }));
    quarter = reached;
  }

  const view = {
    element,
    picker,
    words: null,
    limits: null,
    links: true,

    /** How the element's attributes have it; `words` are its texts. */
    configure({ words, links, multiple, disabled }) {
      Object.assign(view, { words, links });
      picker.multiple = multiple;
      folder.hidden = !multiple;
      view.disable(disabled);
      setText(chooseText, multiple ? words.choose : words.chooseOne);
      setText(or, words.orDrop);
      setText(folderText, words.chooseFolder);
      setText(overlay, words.dropNow);
      list.setAttribute("aria-label", words.files);
      for (const part of [summary, bar]) part.setAttribute("aria-label", words.allFiles);
      for (const [kind, button] of Object.entries(buttons)) setText(button, words[kind]);
      for (const [item, row] of rows) {
        row.translate();
        view.show(item);
      }
      view.showLimits(view.limits);
    },

    disable(disabled) {
      picker.disabled = folderPicker.disabled = disabled;
      drop.toggleAttribute("data-disabled", disabled);
    },

    showLimits(limits) {
      const { words } = view;
      const kinds = kindsOf(limits?.accept ?? "", words);
      const maximum = limits && fill(words.limit, { maximum: bytes(largest(limits), words.tag) });
      setText(limitsText, [kinds && fill(words.kinds, { kinds }), maximum].filter(Boolean).join(" · "));
      picker.accept = limits?.accept ?? "";
      view.limits = limits;
    },

    showNotice(text, ...links) {
      notice.hidden = !text;
      notice.replaceChildren(text, " ", ...links);
    },

    /** Files hover: over the whole page, or over the element. */
    showOver(over, anywhere) {
      overlay.hidden = !(over && anywhere);
      drop.toggleAttribute("data-over", over);
    },

    say: announcer.say,

    /** Shows an item in the next frame; `name` is needed only once. */
    show(item, name = item.name) {
      changed.add(item);
      if (!names.has(item)) names.set(item, name);
      renderSoon();
    },

    progressed(item) {
      meter.reach(totals().sent);
      const row = rows.get(item);
      if (row) (row.meter ??= new Meter()).reach(item.sent);
      view.show(item);
    },

    /** A file begins. */
    begun() {
      if (!isSending()) meter = new Meter(totals().sent); // it was idle, which is not a speed
    },

    ended(item) {
      const row = rows.get(item);
      if (row) row.meter = null;
      announcer.ended(item.state, shownName(names.get(item)), outcome(item, view.words, view.limits));
    },

    remove(item) {
      const row = rows.get(item)?.element;
      for (const known of [names, rows, changed]) known.delete(item);
      renderSoon();
      if (!row) return;
      const next = row.nextElementSibling ?? row.previousElementSibling;
      const hadFocus = row.contains(row.getRootNode().activeElement);
      row.remove();
      if (hadFocus) (next?.querySelector("button:not([hidden])") ?? picker).focus();
    },
  };
  return view;
}

/** "pictures, PDF": an `accept` attribute for people. */
function kindsOf(accept, words) {
  const kinds = new Set();
  for (const token of accept.split(",").filter(Boolean)) {
    const [type, subtype] = token.trim().split("/");
    if (subtype === "*") kinds.add(words[type]);
    else if (/^(image|video)$/.test(type)) kinds.add(subtype.replace(/^.*[-.]/, "").toUpperCase());
    else if (!subtype && !(SOUND.test(type) && kinds.has(words.audio))) kinds.add(type.slice(1).toUpperCase());
  }
  const shown = [...kinds].slice(0, MOST_KINDS).join(", ");
  return kinds.size > MOST_KINDS ? `${shown}, …` : shown;
}
