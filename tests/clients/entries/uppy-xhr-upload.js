import { failed } from "./page.js";
import { drive } from "./uppy-page.js";
// shown: begin
import Uppy from "@uppy/core";
import XHRUpload from "@uppy/xhr-upload";
import { requestGrant } from "./grant.js";

const uppy = new Uppy().use(XHRUpload, {
  endpoint: "set for each file",
  getResponseData: () => ({}), // OSS returns 200 without a body, and Uppy expects JSON
});
uppy.addPreProcessor(async (ids) => {
  for (const id of ids) {
    const { url, fields } = await requestGrant(uppy.getFile(id));
    uppy.setFileMeta(id, fields);
    uppy.setFileState(id, {
      xhrUpload: { endpoint: url, allowedMetaFields: Object.keys(fields) },
    });
  }
});
// shown: end

uppy.on("error", (error) => failed(error)); // thrown by a preprocessor
drive(uppy, (file) => file.meta.key);
