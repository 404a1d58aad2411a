/** All texts of the page, in English and Chinese, and the format of numbers. */

import { english } from "./english.js";
import { chinese } from "./chinese.js";

const LANGUAGES = { en: english, zh: chinese };
const TAGS = { en: "en", zh: "zh-CN" };

/** The first of the browser's languages that is available, or English. */
export function chooseLanguage(wanted = navigator.languages) {
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? "en";
}

export const language = chooseLanguage();
export const languageTag = TAGS[language];
export const words = LANGUAGES[language];

/** Translates every element below `root` that has data-words or data-words-label. */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-words]")) {
    element.textContent = words[element.dataset.words];
  }
  for (const element of root.querySelectorAll("[data-words-label]")) {
    element.setAttribute("aria-label", words[element.dataset.wordsLabel]);
  }
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function bytes(count) {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), UNITS.length - 1);
  const value = count / 1024 ** power;
  const maximumFractionDigits = power && value < 100 ? 1 : 0;
  return `${value.toLocaleString(languageTag, { maximumFractionDigits })} ${UNITS[power]}`;
}

export function percent(part, whole) {
  // Rounded down: only complete files show 100 %.
  return whole ? Math.floor((100 * part) / whole) : 0;
}

/** "8.2 MB/s, 12 s left", or an empty string while the speed is unknown. */
export function pace(meter, remaining) {
  const { speed } = meter;
  if (!speed || !remaining) return "";
  return words.pace(`${bytes(speed)}/s`, words.duration(Math.ceil(meter.left(remaining))));
}

/** What the site's owner can look up, for errors whose text refers to the owner. */
export function reference(error) {
  return error?.reference && !OWN_FIX.has(error.code) ? words.reference(error.reference) : "";
}

const OWN_FIX = new Set([
  "file_too_large",
  "file_too_small",
  "invalid_request",
  "type_not_allowed",
  "unauthorized",
]);

/** What is wrong and what to do. `file` and the known size limit fill in the text. */
export function explain(error, file, maximum) {
  const { errors } = words;
  const sentence =
    file.size === 0 && ["invalid_request", "file_too_small"].includes(error.code)
      ? errors.file_empty
      : (Object.hasOwn(errors, error.code) && errors[error.code]) || errors.unknown;
  if (typeof sentence === "string") return sentence;
  return sentence(bytes(file.size), maximum && bytes(maximum));
}
