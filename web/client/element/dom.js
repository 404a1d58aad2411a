/** Builds elements without parsing text, which a page's policy may forbid. */

const SVG = "http://www.w3.org/2000/svg";

/** `name` is a tag, or "tag.part": its class, by which pages style it, too. */
export function make(name, attributes = {}, ...children) {
  const [tag, part] = name.split(".");
  const element = document.createElement(tag);
  if (part) element.className = part;
  if (part) element.setAttribute("part", tag === "button" ? `button ${part}` : part);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A drawing of lines, for the eye only. */
export function makeIcon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Only what differs is written: each write costs layout, and a screen reader's attention. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showProgress(bar, value) {
  bar.setAttribute("aria-valuenow", value);
  bar.style.setProperty("--progress", `${value}%`);
}

/** Hides some of these and shows others; if the focused one goes, the first left gets the focus. */
export function showSome(visible) {
  const elements = visible.map(([element]) => element);
  const focused = elements.find((element) => element === element.getRootNode().activeElement);
  for (const [element, isVisible] of visible) element.hidden = !isVisible;
  if (focused?.hidden) elements.find(({ hidden }) => !hidden).focus();
}
