import "./uni-page.js";
import { failed, onFile, progressed, succeeded } from "./page.js";
import { uploadFile } from "@dcloudio/uni-h5";
import { requestGrant } from "./grant.js";

const uni = { uploadFile };

// shown: begin
async function upload(path, file, onProgress) {
  const { url, fields, key } = await requestGrant(file);
  return new Promise((resolve, reject) => {
    const task = uni.uploadFile({
      url,
      file, // H5 only, optional: with its name
      filePath: path,
      name: "file",
      formData: fields,
      success: ({ statusCode, data }) => (statusCode === 200 ? resolve(key) : reject(new Error(data))),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
    task.onProgressUpdate(onProgress);
  });
}
// shown: end

onFile((file) =>
  upload(URL.createObjectURL(file), file, ({ totalBytesSent, totalBytesExpectedToSend }) =>
    progressed(totalBytesSent, totalBytesExpectedToSend),
  ).then((key) => succeeded({ key }), failed),
);
