import { failed, onFile, progressed, succeeded } from "./page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { requestGrant } from "./grant.js";

const uppy = new Uppy().use(AwsS3, {
  shouldUseMultipart: false, // a form is a single part of up to 5 GB
  generateObjectKey: (file) => file.name, // arrives below as `key`; the function names the object
  signRequest: ({ key, contentType }) => requestGrant({ name: key, type: contentType }),
});
// shown: end

uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) =>
  progressed(bytesUploaded, bytesTotal),
);
uppy.on("upload-success", (file, { body, uploadURL }) =>
  succeeded({ key: body.key, uploadURL: uploadURL ?? null }),
);
uppy.on("upload-error", (file, error) => failed(error));
onFile((file) => {
  uppy.addFile(file);
  uppy.upload();
});
