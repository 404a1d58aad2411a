import { main } from "./node-grant.mjs";
// shown: begin
import { openAsBlob } from "node:fs";
import got from "got";
import { requestGrant } from "./node-grant.mjs";

async function upload(path) {
  const { url, fields, key } = await requestGrant(path);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", await openAsBlob(path, { type: fields["Content-Type"] }), "upload");
  const stored = await got.post(url, { body: form, throwHttpErrors: false });
  if (stored.statusCode !== 200) throw new Error(stored.body);
  return key;
}
// shown: end
main(upload);
