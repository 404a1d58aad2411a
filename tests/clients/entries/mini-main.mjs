// Runs an upload on the stub of a platform, which knows the user's file by a temporary path.

import { files } from "../platforms/transport.mjs";
import { statSync } from "node:fs";

export const [functionUrl, file, token] = process.argv.slice(2);

/** Upload what the user chose, which the platform knows by `path`, and print the key. */
export function main(path, upload) {
  files.set(path, file);
  upload(path, statSync(file).size).then(console.log, (error) => {
    console.error(error.message ?? error);
    process.exitCode = 1;
  });
}
