// Takes a picture to search by, from whatever the browser hands over.
// A taker = {root, notice, limit, words, say}: `root` gets the class "dropping" meanwhile.

export function give(taker, file) {
  if (!file) return;
  if (file.size > taker.limit) return tell(taker, taker.words.too_large);
  const reader = new FileReader();
  reader.onload = () => {
    tell(taker, taker.words.looking);
    taker.say("picture", {
      name: file.name,
      data: reader.result.slice(reader.result.indexOf(",") + 1),
    });
  };
  reader.onerror = () => tell(taker, taker.words.unreadable);
  reader.readAsDataURL(file);
}

export function tell(taker, text) {
  taker.notice.textContent = text ?? "";
}

function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

function hasFiles(transfer) {
  return [...(transfer?.items ?? [])].some((item) => item.kind === "file");
}

// Anywhere on the page a picture can be dropped, and pasted where nothing else takes it.
export function listenForPictures(taker) {
  const listeners = {
    dragover: (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      taker.root.classList.add("dropping");
    },
    dragleave: (event) => {
      if (!event.relatedTarget) taker.root.classList.remove("dropping");
    },
    drop: (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      taker.root.classList.remove("dropping");
      const picture = pictureIn(event.dataTransfer);
      if (picture) give(taker, picture);
      else tell(taker, taker.words.unreadable);
    },
    paste: (event) => {
      const picture = pictureIn(event.clipboardData);
      if (!picture) return;
      event.preventDefault();
      give(taker, picture);
    },
  };
  for (const [name, listener] of Object.entries(listeners))
    document.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners))
      document.removeEventListener(name, listener);
  };
}
