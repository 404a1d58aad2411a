import { failed, progressed, succeeded } from "./page.js";
// shown: begin
import * as FilePond from "filepond";
import { requestGrant } from "./grant.js";

function process(fieldName, file, metadata, load, error, progress, abort) {
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) =>
    progress(event.lengthComputable, event.loaded, event.total);
  request.onerror = () => error("The upload failed.");
  requestGrant(file).then(({ url, fields, key }) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file); // last: OSS ignores what follows it
    request.onload = () => (request.status === 200 ? load(key) : error(request.responseText));
    request.open("POST", url);
    request.send(form);
  }, (refusal) => error(refusal.message));
  return { abort: () => (request.abort(), abort()) };
}

const pond = FilePond.create(document.querySelector("input[type=file]"), {
  server: { process, revert: null },
});
// shown: end

pond.on("processfileprogress", (file, fraction) => progressed(fraction, 1));
pond.on("processfile", (error, file) =>
  error ? failed(error.body) : succeeded({ key: file.serverId }),
);
