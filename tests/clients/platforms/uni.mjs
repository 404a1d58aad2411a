// uni-app's uni, as its documents describe it: that of WeChat, and a promise if there are no
// callbacks; with them, a task.

import { wx } from "./wx.mjs";

const promising = (api) => (options) => {
  if (options.success || options.fail || options.complete) return api(options);
  return new Promise((resolve, reject) => api({ ...options, success: resolve, fail: reject }));
};

export const uni = {
  ...wx,
  request: promising(wx.request),
  uploadFile: promising(wx.uploadFile),
  getNetworkType: promising(wx.getNetworkType),
};
