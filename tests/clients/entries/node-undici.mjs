import { main } from "./node-grant.mjs";
// shown: begin
import { openAsBlob } from "node:fs";
import { FormData, request } from "undici";
import { requestGrant } from "./node-grant.mjs";

async function upload(path) {
  const { url, fields, key } = await requestGrant(path);
  const form = new FormData(); // undici's own, not Node's
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", await openAsBlob(path, { type: fields["Content-Type"] }), "upload");
  const stored = await request(url, { method: "POST", body: form });
  if (stored.statusCode !== 200) throw new Error(await stored.body.text());
  return key;
}
// shown: end
main(upload);
