import { main } from "./node-grant.mjs";
// shown: begin
import { openAsBlob } from "node:fs";
import { requestGrant } from "./node-grant.mjs";

async function upload(path) {
  const { url, fields, key } = await requestGrant(path);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", await openAsBlob(path, { type: fields["Content-Type"] }), "upload");
  const stored = await fetch(url, { method: "POST", body: form });
  if (stored.status !== 200) throw new Error(await stored.text());
  return key;
}
// shown: end
main(upload);
