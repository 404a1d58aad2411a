import { functionUrl, token } from "./page.js";

// shown: begin
// Call this just before each upload: a grant lives for minutes, and is for this one file.
export async function requestGrant(file) {
  const response = await fetch(`${functionUrl}/sign`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ filename: file.name, content_type: file.type, size: file.size }),
  });
  const grant = await response.json();
  if (!response.ok) throw new Error(grant.message);
  return grant;
}
// shown: end
