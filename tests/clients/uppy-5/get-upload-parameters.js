import { drive } from "../entries/uppy-page.js";
// shown: begin
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { requestGrant } from "../entries/grant.js";

const uppy = new Uppy().use(AwsS3, {
  shouldUseMultipart: false, // a form is a single part of up to 5 GB
  getUploadParameters: (file) => requestGrant(file), // Uppy's file has name, type and size
});
// shown: end

drive(uppy);
