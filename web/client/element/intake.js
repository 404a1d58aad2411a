/** The ways to add files besides the pickers: drop (folders, too) and paste. */

const LITTER = /^(\.DS_Store|Thumbs\.db|desktop\.ini)$/; // what systems leave in folders

/**
 * Calls `accept(files)` with files dropped or pasted on `target`, and `show(over)` while some hover
 * over it, until `signal` is aborted.
 */
export function openIntake({ target, signal, accept, show }) {
  const listen = (type, listener) => target.addEventListener(type, listener, { signal });
  const carriesFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  listen("dragover", (event) => {
    if (!carriesFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    show(true);
  });
  listen("dragleave", (event) => {
    // To another element of the target is not out of it.
    const to = event.relatedTarget;
    if (!to || (target instanceof Node && !target.contains(to))) show(false);
  });
  listen("drop", async (event) => {
    show(false);
    if (!carriesFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    accept(await filesOf(event.dataTransfer));
  });
  listen("paste", async (event) => {
    if (event.clipboardData?.types.includes("Files")) accept(await filesOf(event.clipboardData));
  });
}

/** Its files and those of its folders, as [file, path]. */
async function filesOf(transfer) {
  // Both must be taken before the first pause: then the transfer is emptied.
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const found = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const files = [];
  for (const [entry, file] of found) {
    if (entry?.isDirectory) await walk(entry, files);
    else if (file) files.push([file, ""]);
  }
  return files;
}

async function walk(folder, files) {
  const reader = folder.createReader();
  for (;;) {
    // At most 100 entries at a time (Chromium); what cannot be read is left out.
    const entries = await asked(reader, "readEntries");
    if (!entries?.length) return;
    for (const entry of entries) {
      if (entry.isDirectory) await walk(entry, files);
      else if (!LITTER.test(entry.name)) {
        const file = await asked(entry, "file");
        if (file) files.push([file, entry.fullPath.slice(1)]);
      }
    }
  }
}

function asked(object, method) {
  return new Promise((resolve) => object[method](resolve, () => resolve(null)));
}
