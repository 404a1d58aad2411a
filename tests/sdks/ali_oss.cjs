// Runs steps of npm ali-oss: argv has the client's options and the steps as JSON, stdout the results.
const OSS = require("ali-oss");

const [options, steps] = process.argv.slice(2).map((text) => JSON.parse(text));
const client = new OSS({ ...options, authorizationV4: true, cname: true, secure: false, retryMax: 0 });

const operations = {
  async upload(key, file, settings) {
    const done = await client.multipartUpload(key, file, settings);
    return { etag: done.etag, data: done.data };
  },

  // Cancels once so many parts are done; what the page would keep for the next visit.
  async uploadPartly(key, file, settings, parts) {
    let kept;
    const progress = async (_, checkpoint) => {
      kept = checkpoint ?? kept;
      if (kept.doneParts.length >= parts) client.cancel();
    };
    try {
      await client.multipartUpload(key, file, { ...settings, parallel: 1, progress });
    } catch (error) {
      if (error.name !== "cancel") throw error;
    }
    return kept;
  },

  async initiate(key, settings) {
    return (await client.initMultipartUpload(key, settings)).uploadId;
  },

  async uploadPart(key, uploadId, number, file, start, end) {
    return (await client.uploadPart(key, uploadId, number, file, start, end)).etag;
  },

  async listParts(key, uploadId, query) {
    const { parts, isTruncated, nextPartNumberMarker } = await client.listParts(key, uploadId, query);
    return { parts, isTruncated, nextPartNumberMarker };
  },

  async listUploads(query) {
    return (await client.listUploads(query)).uploads.map(({ name, uploadId }) => [name, uploadId]);
  },

  async complete(key, uploadId, parts, settings) {
    return (await client.completeMultipartUpload(key, uploadId, parts, settings)).etag;
  },

  async abort(key, uploadId) {
    return (await client.abortMultipartUpload(key, uploadId)).res.status;
  },

  async head(key) {
    const { status, meta, res } = await client.head(key);
    return { status, meta, etag: res.headers.etag };
  },

  async copy(key, source, headers) {
    return (await client.copy(key, source, { headers })).data.etag;
  },

  async delete(key) {
    return (await client.delete(key)).res.status;
  },

  async get(key) {
    return (await client.get(key)).content.toString("latin1");
  },

  signPart(key, uploadId, partNumber, length) {
    const request = { queries: { uploadId, partNumber }, headers: { "Content-Length": length } };
    return client.signatureUrlV4("PUT", 600, request, key, ["content-length"]);
  },
};

(async () => {
  const results = [];
  for (const [name, ...args] of steps) {
    try {
      results.push(await operations[name](...args));
    } catch (error) {
      results.push({ error: error.code, ec: error.ecCode, status: error.status, message: error.message });
    }
  }
  process.stdout.write(JSON.stringify(results));
})();
