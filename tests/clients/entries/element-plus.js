import { app, failed, progressed, succeeded } from "./page.js";
import { createApp, h } from "vue";
// shown: begin
import { ElUpload } from "element-plus";
import { ajaxUpload } from "element-plus/es/components/upload/src/ajax.mjs";
import { requestGrant } from "./grant.js";

// <el-upload :http-request="httpRequest">
async function httpRequest(options) {
  const { url, fields, key } = await requestGrant(options.file);
  return new Promise((resolve, onError) => {
    const onSuccess = () => resolve({ key }); // OSS's own response has none
    ajaxUpload({ ...options, action: url, data: fields, onSuccess, onError });
  });
}
// shown: end

createApp(() =>
  h(ElUpload, {
    action: "#",
    httpRequest,
    onProgress: ({ percent }) => progressed(percent, 100),
    onSuccess: succeeded,
    onError: failed,
  }),
).mount(app);
