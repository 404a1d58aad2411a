import { drive } from "./uppy-page.js";
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

drive(uppy);
