import { app, failed, functionUrl, progressed, succeeded } from "./page.js";

app.innerHTML = "<button id=pick>Choose</button>";

// shown: begin
import plupload from "plupload";

let grant; // the classic flat grant, with the token added
const uploader = new plupload.Uploader({
  browse_button: "pick",
  url: "set for each file",
});
uploader.bind("BeforeUpload", (up, file) => {
  up.setOption({
    url: grant.host,
    multipart_params: {
      key: grant.dir + file.name,
      policy: grant.policy,
      OSSAccessKeyId: grant.accessid,
      success_action_status: "200",
      signature: grant.signature,
      "x-oss-security-token": grant.security_token,
      ...(grant.callback && { callback: grant.callback }), // but not an empty one
    },
  });
});
uploader.bind("FilesAdded", async (up) => {
  const response = await fetch(functionUrl);
  grant = await response.json();
  if (response.ok) up.start();
  else up.trigger("Error", { code: plupload.GENERIC_ERROR, message: grant.message });
});
uploader.init();
// shown: end

uploader.bind("UploadProgress", (up, file) => progressed(file.loaded, file.size));
uploader.bind("FileUploaded", (up, file, { status }) =>
  succeeded({ key: grant.dir + file.name, status }),
);
uploader.bind("Error", (up, { status, response, message }) => failed(response || message));
