import { file, functionUrl, main, token } from "./mini-main.mjs";
import { my } from "../platforms/my.mjs";

// shown: begin
function requestGrant(file) {
  return new Promise((resolve, reject) =>
    my.request({
      url: `${functionUrl}/sign`,
      method: "POST",
      data: file,
      headers: { "content-type": "application/json", Authorization: `Bearer ${token}` },
      success: ({ data }) => resolve(data),
      fail: ({ data, errorMessage }) => reject(data ?? new Error(errorMessage)), // 4xx, too
    }),
  );
}

// The path ends in .image, so give the name an extension.
async function upload(path, size, filename = "photo.jpg") {
  const { url, fields, key } = await requestGrant({ filename, size });
  return new Promise((resolve, reject) =>
    my.uploadFile({
      url,
      filePath: path,
      name: "file",
      fileName: "file", // what `name` was called before
      fileType: "image", // or "video", "audio": required
      formData: fields,
      success: ({ statusCode, data }) =>
        Number(statusCode) === 200 ? resolve(key) : reject(new Error(data)), // may be "200"
      fail: ({ errorMessage }) => reject(new Error(errorMessage)),
    }),
  );
}
// shown: end

main("https://resource/5a1b.image", (path, size) => upload(path, size, file.split("/").pop()));
