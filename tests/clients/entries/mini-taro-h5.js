import "./taro-page.js";
import { failed, functionUrl, onFile, progressed, succeeded, token } from "./page.js";
import { getNetworkType, request, uploadFile } from "@tarojs/taro-h5";
import { upload } from "../../../web/client/miniprogram.js";

const platform = { getNetworkType, request, uploadFile };

onFile((file) =>
  upload(URL.createObjectURL(file), {
    platform,
    endpoint: functionUrl,
    name: file.name,
    size: file.size,
    headers: { Authorization: `Bearer ${token}` },
    onProgress: ({ sent, total }) => progressed(sent, total),
  }).then(({ key }) => succeeded({ key }), failed),
);
