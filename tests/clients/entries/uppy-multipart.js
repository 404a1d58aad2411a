import { functionUrl } from "./page.js";
import { drive } from "./uppy-page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

const uppy = new Uppy().use(AwsS3, { companionEndpoint: functionUrl });
uppy.on("file-added", (file) => uppy.setFileMeta(file.id, { size: file.size }));
// shown: end

drive(uppy);
