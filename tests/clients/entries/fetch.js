import { failed, onFile, succeeded } from "./page.js";
// shown: begin
import { requestGrant } from "./grant.js";

async function upload(file) {
  const { url, fields, key } = await requestGrant(file);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file); // last: OSS ignores what follows it
  const stored = await fetch(url, { method: "POST", body: form });
  if (!stored.ok) throw new Error(await stored.text());
  return key;
}
// shown: end

onFile((file) => upload(file).then((key) => succeeded({ key }), failed));
