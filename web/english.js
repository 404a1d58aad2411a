export const english = {
  title: "Upload files",
  subtitle: "They go from this browser straight into storage.",
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

  queued: "Waiting for its turn",
  signing: "Asking for permission",
  uploading: "Uploading",
  finishing: "Sent, waiting for the storage to confirm",
  done: "Stored",
  repeated: "Stored by an earlier try",
  cancelled: "Cancelled",
  callbackFailed:
    "Stored, but the callback failed: the site was not told. Keep the link below and tell the site’s owner.",
  callbackAnswer: (answer) => `Callback answered: ${answer}`,
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
  announceProgress: (percent) => `${percent} % uploaded.`,
  announce: (name, what) => `${name}: ${what.replace(/\.$/, "")}.`, // a sentence or a few words

  reasons: {
    unreachable: "The upload service does not answer.",
    connection_lost: "The connection was lost.",
    unavailable: "The service is busy.",
  },
  errors: {
    unreachable:
      "The upload service cannot be reached. Check your connection, then retry; if other sites work, tell the site’s owner.",
    connection_lost:
      "The connection to the storage was lost. Check your connection, then retry; if other sites work, tell the site’s owner.",
    unavailable: "The service is busy or down at the moment. Wait a little, then retry.",
    credentials_unavailable:
      "The upload service gets no credentials at the moment. Wait a little, then retry.",
    internal_error: "The upload service has made a mistake. Retry; if it goes on, tell the site’s owner.",
    bad_answer:
      "What answered is not the upload service. Ask the site’s owner to check the endpoint in config.json.",
    not_found:
      "The upload service is not at this address. Ask the site’s owner to check the endpoint in config.json.",
    method_not_allowed:
      "The upload service is not at this address. Ask the site’s owner to check the endpoint in config.json.",
    not_configured:
      "This page does not know its upload service. Ask the site’s owner to put a config.json with its “endpoint” beside the page.",
    misconfigured:
      "The upload service is not set up completely. Ask the site’s owner to look into its log.",
    unauthorized: "You are not signed in, or no longer. Sign in, then retry.",
    origin_not_allowed:
      "This page may not upload here. Ask the site’s owner to allow its address in ALLOWED_ORIGINS.",
    invalid_request:
      "The upload service does not accept this file’s name or size. Rename the file, or choose another.",
    file_empty: "The file is empty. Choose one with content.",
    file_too_small: "The file is smaller than allowed here. Choose a larger one.",
    file_too_large: (size, maximum) =>
      maximum
        ? `The file is too large: ${size}, and at most ${maximum} are allowed here. Choose a smaller one.`
        : `With ${size} the file is too large here. Choose a smaller one.`,
    type_not_allowed:
      "Files of this type are not allowed here. Choose another, or give it the right extension.",
    file_unreadable:
      "The file can no longer be read: it was changed, moved or deleted. Choose it once more.",
    grant_expired:
      "The permission ended before the upload began. Retry; if it goes on, tell the site’s owner to check the clock.",
    grant_refused:
      "The storage did not accept the permission to upload. Retry; if it goes on, tell the site’s owner.",
    already_exists: "The storage holds a file of this name already. Retry to store this one under another.",
    storage_refused: "The storage did not accept the file. Retry; if it goes on, tell the site’s owner.",
    unknown: "Something unexpected happened. Reload the page and try again.",
  },
};
