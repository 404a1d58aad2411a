import { main } from "./node-grant.mjs";
// shown: begin
import { createReadStream } from "node:fs";
import axios from "axios";
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
  const stored = await axios.post(url, form, { maxBodyLength: Infinity, validateStatus: null });
  if (stored.status !== 200) throw new Error(stored.data);
  return key;
}
// shown: end
main(upload);
