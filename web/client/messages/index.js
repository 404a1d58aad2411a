/** What the element says, in English and Chinese; another language is one more such table. */

import { chinese } from "./chinese.js";
import { english } from "./english.js";

export { chinese, english };

const TABLES = { en: english, zh: chinese };

/** The table for the first known one of these language tags, or English. */
export function messagesFor(tags = globalThis.navigator?.languages ?? []) {
  const known = tags.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in TABLES);
  return TABLES[known ?? "en"];
}

/** A table with some of its texts replaced. */
export function withMessages(base, { errors, ...texts } = {}) {
  return { ...base, ...texts, errors: { ...base.errors, ...errors } };
}

/** The text with each `{name}` replaced by its value. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** What is wrong and what to do. `size` and `maximum`, in bytes, make it more exact. */
export function explain(error, words = messagesFor(), { size, maximum } = {}) {
  const { errors, tag } = words;
  const code = codeOf(error, size, maximum);
  const sentence = Object.prototype.hasOwnProperty.call(errors, code) ? errors[code] : errors.unknown;
  return fill(sentence, { size: bytes(size ?? 0, tag), maximum: bytes(maximum ?? 0, tag) });
}

function codeOf({ code }, size, maximum) {
  if (size === 0 && ["invalid_request", "file_too_small"].includes(code)) return "file_empty";
  if (code === "method_not_allowed") return "not_found";
  if (/_unavailable$/.test(code)) return "unavailable";
  if (code !== "file_too_large") return code;
  return size > maximum ? "file_over_limit" : code;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function bytes(count, tag) {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), UNITS.length - 1);
  const value = count / 1024 ** power;
  const maximumFractionDigits = power && value < 100 ? 1 : 0;
  return `${value.toLocaleString(tag, { maximumFractionDigits })} ${UNITS[power]}`;
}
