import { app, failed, progressed, succeeded } from "./page.js";
import { createApp, h } from "vue";
// shown: begin
import { nextTick, ref } from "vue";
import { NUpload } from "naive-ui";
import { requestGrant } from "./grant.js";

// <n-upload :action="action" :data="data" @before-upload="onBeforeUpload">
const action = ref("");
const grants = new Map();
const data = ({ file }) => grants.get(file.id).fields;

async function onBeforeUpload({ file }) {
  try {
    const grant = await requestGrant(file.file);
    grants.set(file.id, grant);
    action.value = grant.url; // always the same bucket
    await nextTick();
    return true;
  } catch (error) {
    failed(error); // Naive UI itself would only drop the file
    return false;
  }
}
// shown: end

createApp(() =>
  h(NUpload, {
    action: action.value,
    data,
    onBeforeUpload,
    onChange: ({ file: { status, percentage } }) => status === "uploading" && progressed(percentage ?? 0, 100),
    onFinish: ({ file }) => succeeded({ key: grants.get(file.id).key }),
    onError: ({ event }) => failed(event.target.responseText || "no response"),
  }),
).mount(app);
