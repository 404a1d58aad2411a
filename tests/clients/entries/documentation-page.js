import { functionUrl, onFile, succeeded, failed } from "./page.js";

// shown: begin
async function upload(file) {
  const response = await fetch(`${functionUrl}/get_post_signature_for_oss_upload`);
  const grant = await response.json();
  if (!response.ok) throw new Error(grant.message);
  const form = new FormData();
  form.append("success_action_status", "200");
  form.append("policy", grant.policy);
  form.append("x-oss-signature", grant.signature);
  form.append("x-oss-signature-version", "OSS4-HMAC-SHA256");
  form.append("x-oss-credential", grant.x_oss_credential);
  form.append("x-oss-date", grant.x_oss_date);
  form.append("key", grant.dir + file.name);
  form.append("x-oss-security-token", grant.security_token);
  if (grant.callback) form.append("callback", grant.callback);
  form.append("file", file); // last: OSS ignores what follows it
  const stored = await fetch(grant.host, { method: "POST", body: form });
  if (!stored.ok) throw new Error(await stored.text());
  return grant.dir + file.name;
}
// shown: end

onFile((file) => upload(file).then((key) => succeeded({ key }), failed));
