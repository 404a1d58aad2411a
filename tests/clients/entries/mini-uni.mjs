import { file, functionUrl, main, token } from "./mini-main.mjs";
import { uni } from "../platforms/uni.mjs";
// shown: begin
import { upload } from "../../../web/client/miniprogram.js";

const store = (path, name, size, onProgress) =>
  upload(path, {
    platform: uni,
    endpoint: functionUrl,
    name,
    size,
    headers: { Authorization: `Bearer ${token}` },
    onProgress, // ({ state, sent, total, waiting }) => ...
  });
// shown: end

main("tmp/8f3a", async (path, size) => {
  const { key } = await store(path, file.split("/").pop(), size, ({ sent, total }) =>
    console.log("progress", sent / total),
  );
  return key;
});
