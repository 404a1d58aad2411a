// shown: begin
async function upload({ uri, type, name }) {
  const { url, fields, key } = await requestGrant({ name, type });
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", { uri, type: fields["Content-Type"], name: "upload" }); // all three
  const stored = await fetch(url, { method: "POST", body: form }); // no Content-Type of your own
  if (stored.status !== 200) throw new Error(await stored.text());
  return key;
}
// shown: end
