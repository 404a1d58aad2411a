import { functionUrl } from "./page.js";
import { drive } from "./uppy-page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

const uppy = new Uppy().use(AwsS3, {
  companionEndpoint: functionUrl,
  shouldUseMultipart: false, // a form is a single part of up to 5 GB
});
// shown: end

drive(uppy);
