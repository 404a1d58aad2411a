// The peer from Node: lines {"row", "times"} come in, processor seconds go out.
"use strict";

const { createRequire } = require("node:module");
const OSS = createRequire(`${process.cwd()}/`)("ali-oss");

const { keyId, secret, token, bucket, region, prefix, event, grant } = JSON.parse(process.argv[2]);
const client = new OSS({
  region: `oss-${region}`, bucket, accessKeyId: keyId, accessKeySecret: secret, stsToken: token,
});

function sign() {
  const now = new Date();
  const moment = `${now.toISOString().replace(/[-:]|\.\d+/g, "")}`;
  const credential = `${keyId}/${moment.slice(0, 8)}/${region}/oss/aliyun_v4_request`;
  const policy = {
    expiration: new Date(now.getTime() + 300_000).toISOString(),
    conditions: [
      { bucket },
      ["content-length-range", 1, 104857600],
      ["starts-with", "$key", prefix],
      { success_action_status: "200" },
      { "x-oss-signature-version": "OSS4-HMAC-SHA256" },
      { "x-oss-credential": credential },
      { "x-oss-date": moment },
      { "x-oss-security-token": token },
    ],
  };
  return {
    key: `${prefix}\${filename}`,
    success_action_status: "200",
    policy: Buffer.from(JSON.stringify(policy)).toString("base64"),
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": credential,
    "x-oss-date": moment,
    "x-oss-signature": client.signPostObjectPolicyV4(policy, now),
    "x-oss-security-token": token,
  };
}

function handler() {
  JSON.parse(event);
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    isBase64Encoded: false,
    body: JSON.stringify({ ...grant, fields: sign() }),
  };
}

const rows = { "ali-oss (Node), alone": sign, "ali-oss (Node), in a bare handler": handler };
console.log(JSON.stringify(Object.keys(rows)));
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { row, times } = JSON.parse(line);
  const before = process.cpuUsage();
  for (let done = 0; done < times; done += 1) rows[row]();
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1e6);
});
