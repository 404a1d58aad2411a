import { functionUrl, token } from "../entries/page.js";
import { drive } from "../entries/uppy-page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

const uppy = new Uppy().use(AwsS3, {
  endpoint: functionUrl,
  headers: { Authorization: `Bearer ${token}` },
  shouldUseMultipart: false, // a form is a single part of up to 5 GB
});
// shown: end

drive(uppy);
