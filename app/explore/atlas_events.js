// How thumbnails reach the atlas: {photo id: url, or null where there is none}.

const PICTURES = "recollect-pictures";

export function notifyPictures(pictures) {
  document.dispatchEvent(new CustomEvent(PICTURES, { detail: pictures }));
}

export function onPictures(signal, receive) {
  document.addEventListener(PICTURES, ({ detail }) => receive(detail), { signal });
}
