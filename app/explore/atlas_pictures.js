// Hands thumbnails to the picture of the library: data.pictures = {photo id: url, or null where there is none}.

export default function ({ data }) {
  document.dispatchEvent(new CustomEvent("recollect-pictures", { detail: data.pictures }));
}
