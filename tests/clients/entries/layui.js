import { app, failed, progressed, succeeded } from "./page.js";
import "layui/dist/layui.js";
import { requestGrant } from "./grant.js";

app.innerHTML = "<button id=pick type=button>Choose</button>";
const { layui } = window;

// shown: begin
layui.use(() => {
  const { upload } = layui;
  const uploader = upload.render({
    elem: "#pick",
    accept: "file", // layui's default is images
    auto: false, // each file waits for its grant
    field: "file",
    dataType: "text", // OSS's response is empty, and layui expects JSON
    choose(chosen) {
      chosen.preview((index, file) =>
        requestGrant(file).then(({ url, fields, key }) => {
          Object.assign(uploader.config, { url, data: fields, key });
          chosen.upload(index, file);
        }, failed),
      );
    },
    progress: (percent) => progressed(percent, 100),
    done: () => succeeded({ key: uploader.config.key }),
    error: (index, again, text) => failed(text),
  });
});
// shown: end
