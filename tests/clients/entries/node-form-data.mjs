import { main } from "./node-grant.mjs";
// shown: begin
import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import FormData from "form-data";
import { requestGrant } from "./node-grant.mjs";

async function upload(path) {
  const { url, fields, key } = await requestGrant(path);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", createReadStream(path), {
    filename: "upload",
    contentType: fields["Content-Type"],
  });
  const stored = await new Promise((resolve, reject) => {
    form.submit(url, (error, response) => (error ? reject(error) : resolve(response)));
  });
  const body = await text(stored);
  if (stored.statusCode !== 200) throw new Error(body);
  return key;
}
// shown: end
main(upload);
