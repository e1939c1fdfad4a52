// Draws groups of photos that are nearly the same: data = {groups, words}, a group = {photos,
// others, left_out}, a photo = {id, name, folder, alt, size, mark, largest, src}.
// Names are other people's text: they are only ever set as text and as attributes.

import { Component, drawn, onPhotoClosed } from "../ui/component.js";
import { button, element } from "../ui/elements.js";

function drawPicture({ alt, src }) {
  const image = element("img", "picture");
  image.alt = alt;
  image.decoding = "async";
  image.loading = "lazy";
  if (src) image.src = src;
  return image;
}

class NearDuplicates extends Component {
  root = element("div", "near-duplicates");
  #drawn; // what the elements show
  #ticked = []; // since they were drawn

  update(data) {
    this.#ticked = [];
    const shown = JSON.stringify(data);
    if (this.#drawn === shown) return; // the keyboard keeps its place
    this.#drawn = shown;
    this.root.replaceChildren(...data.groups.map((group) => this.#drawGroup(group, data.words)));
  }

  connect(signal) {
    onPhotoClosed(signal, (id) => this.root.querySelector(`[data-photo="${id}"]`)?.focus());
  }

  #drawGroup(group, words) {
    const section = element("section", "group");
    const list = element("ul", "cards");
    list.append(...group.photos.map((photo) => this.#drawCard(photo)));
    const foot = element("div", "foot");
    const others = button("others", words.select_others);
    others.onclick = () => {
      this.#ticked.push(...group.others); // of two clicks at once the page hears the last
      this.send("ticked", this.#ticked);
    };
    foot.append(others, element("span", "left_out", group.left_out));
    section.append(list, foot);
    return section;
  }

  #drawCard(photo) {
    const card = element("li", photo.largest ? "card largest" : "card");
    const opener = button("open");
    opener.dataset.photo = photo.id;
    opener.onclick = () => this.send("opened", photo.id);
    opener.append(drawPicture(photo));
    if (photo.mark) opener.append(element("span", "mark", photo.mark));
    const folder = element("span", "folder");
    folder.title = photo.folder;
    folder.append(element("bdi", "path", photo.folder));
    const size = element("span", "size", photo.size);
    card.append(opener, element("bdi", "name", photo.name), size, folder);
    return card;
  }
}

export default drawn(NearDuplicates);
