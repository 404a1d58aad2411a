import { failed, functionUrl, onFile, progressed, succeeded } from "./page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

const uppy = new Uppy().use(AwsS3, { companionEndpoint: functionUrl });
uppy.on("file-added", (file) => uppy.setFileMeta(file.id, { size: file.size }));
// shown: end

window.uppy = uppy;
uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) =>
  progressed(bytesUploaded, bytesTotal),
);
uppy.on("upload-success", (file, { uploadURL }) => succeeded({ uploadURL: uploadURL ?? null }));
uppy.on("upload-error", (file, error) => failed(error));
onFile((file) => {
  uppy.addFile(file);
  uppy.upload();
});
