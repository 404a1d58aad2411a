/** The upload page: connects the intake of files, the queue, and what users see and hear. */

import { Announcer } from "./announcer.js";
import { openIntake } from "./intake.js";
import { Limits } from "./limits.js";
import { explain, languageTag, pace, percent, translate, words } from "./messages.js";
import { Queue } from "./queue.js";
import { Row, showProgress } from "./row.js";
import { UploadError, limitsFor, upload } from "./client/upload.js";

const TICK_MS = 500; // how often speeds and countdowns are updated

const part = (selector) => document.querySelector(selector);
const notice = part("#notice");
const summary = part("#summary");
const announcer = new Announcer(part("#announcer"));
const limits = new Limits();
const rows = new Map();

document.documentElement.lang = languageTag;
document.title = words.title;
translate(document);

/** The function's address: `{"endpoint": "https://..."}` in a config.json next to this page. */
let configuration;
function configured() {
  configuration ??= readConfiguration().catch((error) => {
    configuration = undefined; // the next retry reads it again
    throw error;
  });
  return configuration;
}

async function readConfiguration() {
  const response = await fetch("config.json", { cache: "no-store" }).catch(() => null);
  const document = await response?.json().catch(() => null);
  if (!response?.ok || typeof document?.endpoint !== "string") {
    throw new UploadError("not_configured", "config.json names no endpoint.");
  }
  showNotice("");
  return { endpoint: document.endpoint };
}

const queue = new Queue({
  start: async (file, options) => upload(file, { ...(await configured()), ...options }),
  check: (file) => limits.check(file),
  learn: (file, error) =>
    limits.learn(file, error, async () => limitsFor(file, await configured())),
  changed: show,
});

function show(transfer) {
  let row = rows.get(transfer);
  if (!row) {
    row = new Row(transfer, {
      act: { cancel: () => queue.cancel(transfer), retry: () => queue.retry(transfer) },
      maximum: () => limits.maximum,
    });
    rows.set(transfer, row);
    part("#files").append(row.element);
  }
  const before = row.element.dataset.state;
  row.render();
  if (transfer.state !== before && (transfer.state === "done" || transfer.retriable)) {
    announcer.say(words.announce(transfer.file.name, row.words), () => words.counts(queue.totals));
  }
  showSummary();
}

let quarter = 0;
function showSummary() {
  const { totals, meter } = queue;
  const { count, open, sent, size, failed, cancelled } = totals;
  summary.hidden = count < 2; // for one file, its own row is enough
  summary.querySelector(".counts").textContent = words.counts(totals);
  const uploading = queue.transfers.some(({ state, waiting }) => state === "uploading" && !waiting);
  summary.querySelector(".pace").textContent = uploading ? pace(meter, size - sent) : "";
  const value = open ? percent(sent, size) : 100;
  const bar = summary.querySelector(".bar");
  showProgress(bar, value);
  bar.hidden = !open;
  showAllButtons({ "#cancel-all": open, "#retry-all": failed + cancelled });

  const reached = open ? Math.floor(value / 25) : 0;
  if (reached > quarter) announcer.say(words.announceProgress(reached * 25), () => words.counts(totals));
  quarter = reached;
}

/** If a button with the focus disappears, the picker gets the focus. */
function showAllButtons(uses) {
  const focused = document.activeElement;
  for (const [selector, used] of Object.entries(uses)) part(selector).hidden = !used;
  if (focused !== document.body && !focused.checkVisibility()) part("#picker").focus();
}

function showNotice(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

part("#cancel-all").onclick = () => queue.cancelAll();
part("#retry-all").onclick = () => queue.retryAll();

openIntake({
  picker: part("#picker"),
  zone: part("#drop"),
  accept(files) {
    if (!files.length) return;
    showNotice("");
    announcer.say(words.announceAdded(files.length), () => words.counts(queue.totals));
    queue.add(files);
  },
  refuseFolder: () => showNotice(words.folders),
});

setInterval(() => {
  const active = queue.transfers.filter(({ active }) => active);
  for (const transfer of active) rows.get(transfer).render();
  if (active.length) showSummary();
}, TICK_MS);

addEventListener("beforeunload", (event) => {
  if (queue.totals.open) event.preventDefault();
});

configured().catch((error) => showNotice(explain(error, {})));
