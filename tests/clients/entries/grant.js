import { functionUrl, token } from "./page.js";

// shown: begin
// Ask just before each upload: a grant lives for minutes, and it is for this one file.
export async function askForGrant(file) {
  const response = await fetch(`${functionUrl}/sign`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ filename: file.name, content_type: file.type, size: file.size }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}
// shown: end
