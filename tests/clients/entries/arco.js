import { app, failed, progressed, succeeded } from "./page.js";
import { createApp, h } from "vue";
// shown: begin
import { nextTick, ref } from "vue";
import Upload from "@arco-design/web-vue/es/upload";
import { requestGrant } from "./grant.js";

// <a-upload :action="action" :data="data" :on-before-upload="onBeforeUpload">
const action = ref("");
const grants = new WeakMap();
const data = ({ file }) => grants.get(file).fields;

async function onBeforeUpload(file) {
  try {
    const grant = await requestGrant(file);
    grants.set(file, grant);
    action.value = grant.url; // always the same bucket
    await nextTick();
    return true;
  } catch (error) {
    failed(error); // Arco itself would only drop the file
    return false;
  }
}
// shown: end

createApp(() =>
  h(Upload, {
    action: action.value,
    data,
    onBeforeUpload,
    onProgress: ({ percent }) => progressed(percent, 1),
    onSuccess: ({ file }) => succeeded({ key: grants.get(file).key }),
    onError: ({ response }) => failed(response),
  }),
).mount(app);
