// What a built uni-app page has before its code runs.
window.__uniConfig = {
  networkTimeout: { request: 60_000, uploadFile: 60_000 },
  router: { mode: "hash", base: "/" },
};
