// The element of this project.
import "../../web/client/element.js";

const element = document.createElement("oss-upload");
element.setAttribute("endpoint", new URLSearchParams(location.search).get("function"));
element.setAttribute("multiple", "");
document.querySelector("#app").append(element);

globalThis.ready = true;
globalThis.add = (files) => element.add(files);
globalThis.stored = () => element.items.filter(({ state }) => state === "done").length;
