export const english = {
  title: "Upload files",
  subtitle: "Files go straight from your browser to storage.",
  choose: "Choose files",
  orDrop: "or drop them here, or paste them",
  dropNow: "Drop to upload",
  files: "Files",
  allFiles: "All files",
  cancel: "Cancel",
  cancelAll: "Cancel all",
  retry: "Retry",
  retryAll: "Retry all",
  folders: "Folders cannot be uploaded. Open the folder and choose the files in it.",

  queued: "Waiting",
  signing: "Requesting permission",
  uploading: "Uploading",
  finishing: "Sent, waiting for confirmation",
  done: "Stored",
  repeated: "Already stored by an earlier attempt",
  cancelled: "Cancelled",
  callbackFailed:
    "Stored, but the callback failed: the site was not notified. Keep the link below and tell the site’s owner.",
  callbackAnswer: (answer) => `Callback response: ${answer}`,
  again: (reason, seconds) => `${reason} Trying again in ${seconds} s.`,
  reference: (text) => `Reference: ${text}`,

  pace: (speed, left) => `${speed}, ${left} left`,
  duration: (seconds) =>
    seconds < 60
      ? `${seconds} s`
      : seconds < 3600
        ? `${Math.ceil(seconds / 60)} min`
        : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`,
  sentOf: (sent, size) => `${sent} of ${size}`,
  counts: ({ done, count, failed, cancelled }) =>
    [
      `${done} of ${count} stored`,
      failed && `${failed} failed`,
      cancelled && `${cancelled} cancelled`,
    ]
      .filter(Boolean)
      .join(", "),

  announceAdded: (count) => (count === 1 ? "1 file added." : `${count} files added.`),
  announceProgress: (percent) => `${percent}% uploaded.`,
  announce: (name, what) => `${name}: ${what.replace(/\.$/, "")}.`, // `what` is a sentence or a few words

  reasons: {
    unreachable: "The upload service is not responding.",
    connection_lost: "The connection was lost.",
    unavailable: "The service is busy.",
  },
  errors: {
    unreachable:
      "The upload service cannot be reached. Check your connection and retry. If other sites work, tell the site’s owner.",
    connection_lost:
      "The connection to the storage was lost. Check your connection and retry. If other sites work, tell the site’s owner.",
    unavailable: "The service is busy or temporarily down. Wait a moment, then retry.",
    credentials_unavailable:
      "The upload service cannot get credentials at the moment. Wait a moment, then retry.",
    internal_error: "The upload service failed. Retry. If it fails again, tell the site’s owner.",
    bad_answer:
      "The response did not come from the upload service. Ask the site’s owner to check the endpoint in config.json.",
    not_found:
      "There is no upload service at this address. Ask the site’s owner to check the endpoint in config.json.",
    method_not_allowed:
      "There is no upload service at this address. Ask the site’s owner to check the endpoint in config.json.",
    not_configured:
      "This page does not know the address of its upload service. Ask the site’s owner to put a config.json with an “endpoint” next to the page.",
    misconfigured:
      "The upload service is not configured correctly. Ask the site’s owner to check its log.",
    unauthorized: "You are not signed in, or your sign-in has expired. Sign in, then retry.",
    origin_not_allowed:
      "This page is not allowed to upload here. Ask the site’s owner to add its address to ALLOWED_ORIGINS.",
    invalid_request:
      "The upload service does not accept this file’s name or size. Rename the file, or choose another one.",
    file_empty: "The file is empty. Choose a file with content.",
    file_too_small: "The file is smaller than allowed. Choose a larger one.",
    file_too_large: (size, maximum) =>
      maximum
        ? `The file is too large: ${size}. At most ${maximum} is allowed. Choose a smaller one.`
        : `The file is too large: ${size}. Choose a smaller one.`,
    type_not_allowed:
      "Files of this type are not allowed. Choose another file, or give it the correct extension.",
    file_unreadable:
      "The file can no longer be read: it was changed, moved or deleted. Choose it again.",
    grant_expired:
      "The permission expired before the upload began. Retry. If it fails again, ask the site’s owner to check the server’s clock.",
    grant_refused:
      "The storage did not accept the upload permission. Retry. If it fails again, tell the site’s owner.",
    already_exists: "The storage already has a file with this name. Retry to store this one under another name.",
    storage_refused: "The storage did not accept the file. Retry. If it fails again, tell the site’s owner.",
    endpoint_forbidden:
      "The storage takes no files at this address, whatever you choose. Ask the site’s owner to bind a custom domain to the bucket and to set UPLOAD_URL to it.",
    callback_invalid:
      "The storage cannot notify the site, so it did not take the file. Ask the site’s owner to check CALLBACK_URL.",
    unknown: "Something unexpected happened. Reload the page and try again.",
  },
};
