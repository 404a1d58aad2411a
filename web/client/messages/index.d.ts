import type { UploadError, UploadErrorCode } from "../upload.js";

type Said =
  | Exclude<UploadErrorCode, "method_not_allowed" | `${"credentials" | "keys" | "storage"}_unavailable`>
  | "file_empty"
  | "file_over_limit"
  | "not_configured"
  | "unknown";

/** Texts by their names; `errors` has a sentence for each code. `{name}` is a value to fill in. */
export interface Messages {
  /** How numbers are written: a language tag. */
  tag: string;
  errors: Record<Said, string>;
  [text: string]: string | Record<string, string>;
}

/** Some of the texts, for another language or another tone. */
export interface SomeMessages {
  errors?: Partial<Messages["errors"]>;
  [text: string]: string | Partial<Record<string, string>> | undefined;
}

export const english: Messages;
export const chinese: Messages;

/** The table for the first known one of these language tags (the browser's), or English. */
export function messagesFor(tags?: readonly string[]): Messages;

/** A table with some of its texts replaced. */
export function withMessages(base: Messages, replaced?: SomeMessages): Messages;

/** The text with each `{name}` replaced by its value. */
export function fill(text: string, values: Record<string, unknown>): string;

/** What is wrong and what to do. `size` and `maximum`, in bytes, make it more exact. */
export function explain(
  error: Pick<UploadError, "code">,
  words?: Messages,
  about?: { size?: number; maximum?: number },
): string;

/** "8.2 MB" */
export function bytes(count: number, tag?: string): string;
