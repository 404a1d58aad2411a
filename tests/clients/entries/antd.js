import { app, failed, progressed, succeeded } from "./page.js";
// shown: begin
import Upload from "@rc-component/upload"; // antd's Upload passes its properties to this
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { requestGrant } from "./grant.js";

async function customRequest(options, { defaultRequest }) {
  try {
    const { url, fields, key } = await requestGrant(options.file);
    defaultRequest({
      ...options,
      action: url,
      data: fields,
      headers: { "X-Requested-With": null }, // otherwise CORS would have to allow this header
      onSuccess: () => options.onSuccess({ key }), // OSS's own response has none
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
