// Taro in a mini program: its own code, which promises, over the platform's global.

import { createRequire } from "node:module";
import { wx } from "./wx.mjs";

const { processApis } = createRequire(import.meta.url)("@tarojs/shared");

export const Taro = { ...wx };
processApis(Taro, wx, {
  isOnlyPromisify: true,
  needPromiseApis: ["request", "uploadFile", "getNetworkType"],
});
