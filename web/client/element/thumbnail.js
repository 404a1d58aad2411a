/** Small pictures of picture files: one at a time, so that only one is ever decoded. */

const EDGE = 92; // twice the size that is shown, for sharp screens

let last = Promise.resolve();

/** A canvas; null for what cannot be drawn, or is no longer wanted when its turn comes. */
export function thumbnail(file, isWanted) {
  last = last.then(() => (isWanted() ? draw(file) : null)).catch(() => null);
  return last;
}

async function draw(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = EDGE;
  const edge = Math.min(bitmap.width, bitmap.height); // the middle square
  const [left, top] = [(bitmap.width - edge) / 2, (bitmap.height - edge) / 2];
  canvas.getContext("2d").drawImage(bitmap, left, top, edge, edge, 0, 0, EDGE, EDGE);
  bitmap.close();
  return canvas;
}
