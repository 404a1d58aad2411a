import { failed, onFile, progressed, succeeded } from "./page.js";
// shown: begin
import { uploadFile } from "@tarojs/taro-h5"; // in an app: import Taro from "@tarojs/taro"
import { requestGrant } from "./grant.js";

async function upload(path, file, onProgress) {
  const { url, fields, key } = await requestGrant(file);
  const task = uploadFile({
    url,
    filePath: path,
    name: "file",
    fileName: file.name,
    formData: fields,
    withCredentials: false, // Taro's default is true, and the bucket allows no cookies
  });
  task.progress(onProgress);
  const { statusCode, data } = await task; // refusals arrive here, too
  if (statusCode !== 200) throw new Error(data);
  return key;
}
// shown: end

onFile((file) =>
  upload(URL.createObjectURL(file), file, ({ totalBytesSent, totalBytesExpectedToSend }) =>
    progressed(totalBytesSent, totalBytesExpectedToSend),
  ).then((key) => succeeded({ key }), failed),
);
