/** The three ways to add files: picker, drop and paste. */

/** Calls `accept(files)` with the new files, and `refuseFolder()` if one of them is a folder. */
export function openIntake({ picker, zone, accept, refuseFolder }) {
  picker.addEventListener("change", () => {
    accept([...picker.files]);
    picker.value = ""; // so that choosing the same file again is also a change
  });

  // The whole page accepts drops: otherwise a browser would open a file dropped next to the zone.
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (over) => zone.toggleAttribute("data-over", over);
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    show(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) show(false); // out of the window, not to another element
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
