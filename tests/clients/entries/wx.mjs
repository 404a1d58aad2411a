import { file, functionUrl, main, token } from "./mini-main.mjs";
import { wx } from "../platforms/wx.mjs";

// shown: begin
function requestGrant(file) {
  return new Promise((resolve, reject) =>
    wx.request({
      url: `${functionUrl}/sign`,
      method: "POST",
      data: file,
      header: { Authorization: `Bearer ${token}` },
      success: ({ statusCode, data }) => (statusCode === 200 ? resolve(data) : reject(data)),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    }),
  );
}

async function upload(path, size) {
  const extension = path.split(".").pop(); // of tempFilePath
  const { url, fields, key } = await requestGrant({ filename: `photo.${extension}`, size });
  return new Promise((resolve, reject) =>
    wx.uploadFile({
      url,
      filePath: path,
      name: "file",
      formData: fields,
      // `success` means that there was a response: refusals arrive here, too, as XML.
      success: ({ statusCode, data }) => (statusCode === 200 ? resolve(key) : reject(new Error(data))),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    }),
  );
}
// shown: end

main(`wxfile://tmp_8f3a.${file.split(".").pop()}`, upload);
