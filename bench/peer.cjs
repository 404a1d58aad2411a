// The signer from Node: reads lines {"row", "times"}, writes processor seconds.
"use strict";

const { createRequire } = require("node:module");
const OSS = createRequire(`${process.cwd()}/`)("ali-oss");

const { keyId, secret, token, bucket, region, kinds } = JSON.parse(process.argv[2]);
const client = new OSS({
  region: `oss-${region}`, bucket, accessKeyId: keyId, accessKeySecret: secret, stsToken: token,
  // Never called here; without them it prints a warning.
  refreshSTSToken: () => {}, refreshSTSTokenInterval: 3_600_000,
});

function sign({ key, prefix, pinned }) {
  const now = new Date();
  const moment = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const credential = `${keyId}/${moment.slice(0, 8)}/${region}/oss/aliyun_v4_request`;
  const policy = {
    expiration: new Date(now.getTime() + 300_000).toISOString(),
    conditions: [
      { bucket },
      ["content-length-range", 1, 104857600],
      prefix ? ["starts-with", "$key", prefix] : { key },
      ...Object.entries(pinned).map(([name, value]) => ({ [name]: value })),
      { "x-oss-signature-version": "OSS4-HMAC-SHA256" },
      { "x-oss-credential": credential },
      { "x-oss-date": moment },
      { "x-oss-security-token": token },
    ],
  };
  return {
    key,
    ...pinned,
    policy: Buffer.from(JSON.stringify(policy)).toString("base64"),
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": credential,
    "x-oss-date": moment,
    "x-oss-signature": client.signPostObjectPolicyV4(policy, now),
    "x-oss-security-token": token,
  };
}

function handle({ event, form, grant }) {
  const { body } = JSON.parse(event);
  if (body) JSON.parse(body);
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    isBase64Encoded: false,
    body: JSON.stringify({ ...grant, fields: sign(form) }),
  };
}

const rows = {};
for (const [name, kind] of Object.entries(kinds)) {
  rows[`ali-oss (Node), ${name}, alone`] = () => sign(kind.form);
  rows[`ali-oss (Node), ${name}, in a bare handler`] = () => handle(kind);
}
console.log(JSON.stringify(Object.keys(rows)));
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { row, times } = JSON.parse(line);
  const before = process.cpuUsage();
  for (let done = 0; done < times; done += 1) rows[row]();
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1e6);
});
