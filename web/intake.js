/** The three ways for files to come in: picker, drop and paste. */

/** `accept(files)` gets what came, `refuseFolder()` hears that there was a folder among it. */
export function openIntake({ picker, zone, accept, refuseFolder }) {
  picker.addEventListener("change", () => {
    accept([...picker.files]);
    picker.value = ""; // so that choosing the same file again is a change, too
  });

  // The whole page takes drops: a browser leaves the page for a file that misses the zone.
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (over) => zone.toggleAttribute("data-over", over);
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    show(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) show(false); // out of the window, not from part to part
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(false);
    take(event.dataTransfer);
  });

  addEventListener("paste", (event) => take(event.clipboardData));

  function take(transfer) {
    const items = [...transfer.items].filter(({ kind }) => kind === "file");
    const isFolder = (item) => item.webkitGetAsEntry()?.isDirectory;
    const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
    accept(files.filter(Boolean));
    if (items.some(isFolder)) refuseFolder();
  }
}
