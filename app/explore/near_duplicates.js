// Draws groups of photos that are nearly the same: data = {groups, words}, a group = {photos,
// others, left_out}, a photo = {id, name, folder, alt, size, mark, largest, src}.
// Names are other people's text: they are only ever set as text and as attributes.

import { button, element } from "../ui/elements.js";

function card(photo, say) {
  const item = element("li", photo.largest ? "card largest" : "card");
  const opens = button("open");
  opens.dataset.photo = photo.id;
  opens.onclick = () => say("opened", photo.id);
  const image = element("img", "picture");
  image.alt = photo.alt;
  image.decoding = "async";
  image.loading = "lazy";
  if (photo.src) image.src = photo.src;
  opens.append(image);
  if (photo.mark) opens.append(element("span", "mark", photo.mark));
  const folder = element("span", "folder");
  folder.title = photo.folder;
  folder.append(element("bdi", "path", photo.folder));
  item.append(
    opens,
    element("bdi", "name", photo.name),
    element("span", "size", photo.size),
    folder,
  );
  return item;
}

function draw(group, words, say) {
  const section = element("section", "alike");
  const list = element("ul", "cards");
  list.append(...group.photos.map((photo) => card(photo, say)));
  const foot = element("div", "foot");
  const others = button("others", words.select_others);
  others.onclick = () => say("ticked", group.others);
  foot.append(others, element("span", "left_out", group.left_out));
  section.append(list, foot);
  return section;
}

export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".look-alikes");
  if (!root) {
    root = element("div", "look-alikes");
    parentElement.append(root);
  }
  const drawn = JSON.stringify(data);
  if (root.drawn !== drawn) {
    // else keep the keyboard's place
    root.drawn = drawn;
    root.replaceChildren(...data.groups.map((group) => draw(group, data.words, setTriggerValue)));
  }
  if (root.onClosed) document.removeEventListener("recollect-closed", root.onClosed);
  root.onClosed = ({ detail }) => root.querySelector(`[data-photo="${detail}"]`)?.focus();
  document.addEventListener("recollect-closed", root.onClosed);
  return () => document.removeEventListener("recollect-closed", root.onClosed);
}
