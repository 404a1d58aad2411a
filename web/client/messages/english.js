export const english = {
  tag: "en", // how numbers are written
  choose: "Choose files",
  chooseOne: "Choose a file",
  chooseFolder: "Choose a folder",
  orDrop: "or drop here, or paste",
  dropNow: "Drop to upload",
  limit: "up to {maximum} each",
  kinds: "Accepted: {kinds}",
  image: "pictures",
  audio: "sound",
  video: "film",
  text: "text",
  files: "Files",
  allFiles: "All files",
  cancel: "Cancel",
  cancelAll: "Cancel all",
  retry: "Retry",
  pause: "Pause",
  resume: "Resume",
  retryAll: "Retry all",
  remove: "Remove from the list",
  clear: "Clear the list",
  open: "Open",
  signIn: "Sign in",
  stillUploading: "Wait until all files are uploaded.",
  required: "Upload a file.",

  queued: "Waiting",
  signing: "Requesting permission",
  uploading: "{sent} of {size}",
  finishing: "Sent, waiting for confirmation",
  done: "Stored",
  repeated: "Already stored by an earlier attempt",
  cancelled: "Cancelled",
  paused: "Paused at {sent} of {size}",
  interrupted: "Not finished. Choose the same file again: it goes on where it stopped.",
  callbackFailed:
    "Stored, but the callback failed: the site was not notified. Tell the site’s owner.",
  offline: "There is no network. The upload goes on when it is back.",
  again: "{reason} Trying again in {seconds} s.",
  reference: "Reference: {reference}",

  pace: "{speed}/s, {left} left",
  seconds: "{seconds} s",
  minutes: "{minutes} min",
  countDone: "{done} of {count} stored",
  countFailed: "{count} failed",
  countCancelled: "{count} cancelled",
  separator: ", ",

  added: "Files added: {count}.",
  progress: "{percent}% uploaded.",
  outcome: "{name}: {outcome}.",
  moreFailed: "{count} more failed.",

  errors: {
    unreachable:
      "The upload service cannot be reached. Check your connection and retry. If other sites work, tell the site’s owner.",
    offline: "There is no network. Check your connection and retry.",
    connection_lost:
      "The connection to the storage was lost. Check your connection and retry. If other sites work, tell the site’s owner.",
    unavailable: "The service is busy or temporarily down. Wait a moment, then retry.",
    internal_error: "The upload service failed. Retry. If it fails again, tell the site’s owner.",
    bad_answer:
      "The response did not come from the upload service. Ask the site’s owner to check the endpoint.",
    not_found:
      "There is no upload service at this address. Ask the site’s owner to check the endpoint.",
    not_configured:
      "This page does not know the address of its upload service. Ask the site’s owner to set the endpoint.",
    misconfigured:
      "The upload service is not configured correctly. Ask the site’s owner to check its log.",
    unauthorized: "You are not signed in, or your sign-in has expired. Sign in, then retry.",
    preset_not_allowed:
      "You are not allowed to upload files of this kind. Ask the site’s owner.",
    origin_not_allowed:
      "This page is not allowed to upload here. Ask the site’s owner to add its address to ALLOWED_ORIGINS.",
    invalid_request:
      "The upload service does not accept this file’s name or size. Rename the file, or choose another one.",
    file_empty: "The file is empty. Choose a file with content.",
    file_too_small: "The file is smaller than allowed. Choose a larger one.",
    file_too_large: "The file is too large. Choose a smaller one.",
    file_over_limit:
      "The file is too large: {size}. At most {maximum} is allowed. Choose a smaller one.",
    type_not_allowed:
      "Files of this type are not allowed. Choose another file, or give it the correct extension.",
    file_unreadable:
      "The file can no longer be read: it was changed, moved or deleted. Choose it again.",
    upload_not_found: "The upload has ended before the file was complete. Retry to start it again.",
    upload_incomplete: "A part of the file did not arrive. Retry to send it again.",
    grant_expired:
      "The permission expired before the upload began. Retry. If it fails again, ask the site’s owner to check the server’s clock.",
    grant_refused:
      "The storage did not accept the upload permission. Retry. If it fails again, tell the site’s owner.",
    already_exists:
      "The storage already has a file with this name. Retry to store this one under another name.",
    storage_refused:
      "The storage did not accept the file. Retry. If it fails again, tell the site’s owner.",
    endpoint_forbidden:
      "The storage takes no files at this address. Ask the site’s owner to bind a custom domain to the bucket and to set UPLOAD_URL to it.",
    callback_invalid:
      "The storage cannot notify the site. Ask the site’s owner to check CALLBACK_URL.",
    unknown: "Something unexpected happened. Reload the page and try again.",
  },
};
