import { failed, onFile, progressed, succeeded } from "./page.js";

/** Uploads with this Uppy what is chosen, and records what it reports, with the key of `keyOf`. */
export function drive(uppy, keyOf = (file, { body }) => body?.key) {
  window.uppy = uppy;
  uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) =>
    progressed(bytesUploaded, bytesTotal),
  );
  uppy.on("upload-success", (file, response) =>
    succeeded({ key: keyOf(file, response), uploadURL: response.uploadURL ?? null }),
  );
  uppy.on("upload-error", (file, error) => failed(error));
  onFile((file) => {
    uppy.addFile(file);
    uppy.upload();
  });
}
