// shown: begin
import { stat } from "node:fs/promises";
import { basename } from "node:path";

export async function requestGrant(path) {
  const response = await fetch(`${functionUrl}/sign`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ filename: basename(path), size: (await stat(path)).size }),
  });
  const grant = await response.json();
  if (!response.ok) throw new Error(grant.message);
  return grant;
}
// shown: end

export const [functionUrl, file, token] = process.argv.slice(2);

/** Upload the file that the command names, and print its key or the reason. */
export function main(upload) {
  upload(file).then(console.log, (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
