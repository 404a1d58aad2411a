/**
 * The upload page: a short example of `<oss-upload>`, configured by a config.json next to it.
 *
 *     {
 *       "endpoint": "https://upload.example.com",   the function
 *       "preset": "document",                       optional: the kind of upload
 *       "token": "/api/upload-token",               optional: answers {"token": "..."} to a GET
 *       "signIn": "/login",                         optional: offered when there is no token
 *       "links": false                              optional: objects are private, show no links
 *     }
 */

const WORDS = {
  en: {
    title: "Upload files",
    subtitle: "Files go straight from your browser to storage.",
    choose: "Choose files",
    again: "Try again",
    notConfigured:
      "This page does not know the address of its upload service. Ask the site’s owner to put a config.json with an “endpoint” next to the page.",
    failed: "The page could not be loaded completely. Check your connection.",
  },
  "zh-CN": {
    title: "上传文件",
    subtitle: "文件从浏览器直接进入存储空间。",
    choose: "选择文件",
    again: "重试",
    notConfigured:
      "本页面不知道上传服务的地址。请网站管理员在页面旁放置含有 “endpoint” 的 config.json。",
    failed: "页面未能完整加载。请检查网络。",
  },
};

const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "en" || tag === "zh");
const language = known === "zh" ? "zh-CN" : "en";
const words = WORDS[language];

document.documentElement.lang = language;
document.title = words.title;
for (const element of document.querySelectorAll("[data-words]")) {
  element.textContent = words[element.dataset.words];
}

const notice = document.querySelector("#notice");
notice.querySelector("button").onclick = start;
start();

async function start() {
  notice.hidden = true;
  try {
    const config = await configuration();
    const element = document.querySelector("oss-upload");
    for (const [name, attribute] of [["endpoint"], ["preset"], ["signIn", "sign-in"], ["links"]]) {
      if (config[name] !== undefined) element.setAttribute(attribute ?? name, config[name]);
    }
    if (config.token) element.tokenProvider = () => tokenFrom(config.token);
    await import("./client/element.js"); // only now: then it knows all of this
  } catch (error) {
    notice.querySelector("span").textContent = words[error.message] ?? words.failed;
    notice.hidden = false;
  }
}

async function configuration() {
  const response = await fetch("config.json", { cache: "no-store" });
  const config = response.ok ? await response.json().catch(() => null) : null;
  if (typeof config?.endpoint !== "string") throw new Error("notConfigured");
  return config;
}

/** The token, asked for with the page's cookies and kept nowhere; null if nobody is signed in. */
async function tokenFrom(address) {
  const response = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  const { token } = response.ok ? await response.json() : {};
  return token ?? null;
}
