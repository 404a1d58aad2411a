import { failed, onFile, progressed, succeeded } from "./page.js";
// shown: begin
import axios from "axios";
import { requestGrant } from "./grant.js";

async function upload(file, onUploadProgress) {
  const { url, fields, key } = await requestGrant(file);
  await axios.postForm(url, { ...fields, file }, { onUploadProgress });
  return key;
}
// shown: end

onFile((file) =>
  upload(file, ({ loaded, total }) => progressed(loaded, total)).then(
    (key) => succeeded({ key }),
    failed,
  ),
);
