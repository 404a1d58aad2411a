import { app, failed, progressed, succeeded } from "./page.js";
// shown: begin
import Upload from "@rc-component/upload"; // what antd's Upload hands its properties to
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { askForGrant } from "./grant.js";

async function customRequest(options, { defaultRequest }) {
  try {
    const { url, fields, key } = await askForGrant(options.file);
    defaultRequest({
      ...options,
      action: url,
      data: fields,
      headers: { "X-Requested-With": null }, // else a preflight, and CORS must allow the header
      onSuccess: () => options.onSuccess({ key }), // OSS's own answer has none
    });
  } catch (error) {
    options.onError(error);
  }
}
// shown: end

createRoot(app).render(
  createElement(Upload, {
    customRequest,
    onProgress: ({ percent }) => progressed(percent, 100),
    onSuccess: ({ key }) => succeeded({ key }),
    onError: (error, body) => failed(body ?? error),
  }),
);
