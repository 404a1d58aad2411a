// Stock Uppy: the Dashboard, with the function as its Companion.
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import Dashboard from "@uppy/dashboard";

const companionEndpoint = new URLSearchParams(location.search).get("function");
const uppy = new Uppy({ autoProceed: true })
  .use(Dashboard, { inline: true, target: "#app" })
  .use(AwsS3, { companionEndpoint, shouldUseMultipart: false });

globalThis.ready = true;
globalThis.add = (files) => uppy.addFiles(files.map((data) => ({ name: data.name, type: data.type, data })));
globalThis.stored = () => uppy.getFiles().filter(({ progress }) => progress.uploadComplete).length;
