// Hands thumbnails to the picture of the library: data.pictures = {photo id: url}.

export default function ({ data }) {
  document.dispatchEvent(new CustomEvent("recollect-pictures", { detail: data.pictures }));
}
