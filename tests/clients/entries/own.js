import { failed, functionUrl, onFile, progressed, succeeded, token } from "./page.js";
// shown: begin
import { upload } from "../../../web/client/upload.js";

const store = (file, onProgress) =>
  upload(file, {
    endpoint: functionUrl,
    headers: { Authorization: `Bearer ${token}` },
    onProgress, // ({ state, sent, total, waiting }) => ...
  });
// shown: end

onFile((file) => store(file, ({ sent, total }) => progressed(sent, total)).then(succeeded, failed));
