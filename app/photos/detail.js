// Draws one photo with its facts, its place and what can be done with it.
// data = {id, name, alt, src, width, height, film, live, notice, facts, place, path, folder,
//         original, files, shows_folder, land, previous, next, words}; a file = {name, note, url}.
// Names are other people's text: they are only ever set as text and as attributes.

import { Component, drawn, notifyPhotoClosed } from "../ui/component.js";
import { coloursOf, drawLand, fitted, loadLand } from "../ui/earth.js";
import { button, element, focused, setLabel, takesText } from "../ui/elements.js";
import { project, withinPoles } from "../ui/mercator.js";
import { Film } from "./film.js";
import { Live } from "./live.js";

const PLACE_SCALE = 256 * 2 ** 3.2; // a continent around the place
const STATUS_MS = 2500;
const CLOSED_MS = 100; // then the dialog has released the focus

class Detail extends Component {
  root = element("div", "sheet");
  #image = element("img", "picture");
  #placeholder = element("div", "placeholder"); // where there is no picture
  #film = new Film((src) => this.#showFrame(src));
  #live = new Live(this.#image);
  #playLive = button("play-live"); // shows that the still moves, for the keyboard too
  #previous = button("step previous", "‹");
  #next = button("step next", "›");
  #name = element("h2", "name");
  #notice = element("p", "notice");
  #like = button("act like");
  #folder = button("act folder");
  #path = button("act path");
  #download = element("a", "act download");
  #status = element("p", "status");
  #files = element("ul", "files"); // where there are several
  #facts = element("dl", "facts");
  #map = element("canvas", "map");
  #keys; // the controller of the listener to keys
  #data;

  constructor() {
    super();
    this.#status.setAttribute("role", "status");
    this.#map.setAttribute("role", "img");
    const stage = element("div", "stage");
    stage.append(this.#image, this.#live.video, this.#placeholder, this.#film.video);
    stage.append(this.#playLive, this.#previous, this.#next);
    this.#listenToLive(stage);
    const actions = element("div", "actions");
    actions.append(this.#like, this.#download, this.#folder, this.#path);
    const text = element("div", "text");
    text.append(
      this.#name,
      this.#notice,
      this.#film.notice,
      actions,
      this.#status,
      this.#files,
      this.#facts,
      this.#map,
    );
    const shown = element("div", "shown");
    shown.append(stage, this.#film.strip);
    this.root.append(shown, text);
    this.#image.onerror = () => this.#showImage(false);
    this.#previous.onclick = () => this.#step(-1);
    this.#next.onclick = () => this.#step(1);
    this.#like.onclick = () => this.send("act", "like");
    this.#folder.onclick = () => this.#openFolder();
    this.#path.onclick = () => this.#copy(this.#data.path);
  }

  update(data) {
    this.#data = data;
    this.#fillPicture();
    this.#fillText();
    this.#fillActions();
    this.#fillFiles();
    this.#drawPlace();
    this.#listenToKeys();
  }

  connect(signal) {
    signal.addEventListener("abort", () => {
      this.#keys.abort();
      const { id } = this.#data;
      setTimeout(() => {
        // the grid takes the keyboard back to this photo, unless somebody types already
        if (!this.root.isConnected && !takesText(focused())) notifyPhotoClosed(id);
      }, CLOSED_MS);
    });
  }

  #fillPicture() {
    const { src, name, width, height, alt } = this.#data;
    const image = this.#image;
    this.#showImage(Boolean(src));
    this.#placeholder.textContent = name;
    image.width = width; // keeps the place of a picture that is still coming
    image.height = height;
    image.alt = alt;
    if (src && image.getAttribute("src") !== src) image.src = src;
    const { film, notice } = this.#data;
    this.#film.update(film && !notice ? film : null, src);
    this.#live.update(notice ? null : this.#data.live);
    this.#playLive.hidden = !this.#data.live || Boolean(notice);
    this.#playLive.textContent = this.#data.words.live;
    setLabel(this.#playLive, this.#data.words.play_live);
    if (this.#film.isPlayable) this.#image.hidden = this.#placeholder.hidden = true;
  }

  #listenToLive(stage) {
    const live = this.#live;
    live.onEnd = () => this.#playLive.setAttribute("aria-pressed", "false");
    this.#playLive.onclick = () => {
      live.play(true);
      this.#playLive.setAttribute("aria-pressed", "true");
    };
    this.#image.addEventListener("pointerenter", () => live.playIfWelcome());
    this.#image.addEventListener("pointerdown", () => live.play(true));
    stage.addEventListener("pointerleave", () => live.stop());
  }

  #showImage(isThere) {
    this.#image.hidden = !isThere;
    this.#placeholder.hidden = isThere;
  }

  #showFrame(src) {
    this.#image.src = src;
    this.#showImage(true);
  }

  #fillText() {
    const { name, notice, facts } = this.#data;
    this.#name.textContent = name;
    this.#notice.hidden = !notice;
    this.#notice.textContent = notice ?? "";
    const rows = facts.map(([label, value]) => [
      element("dt", "label", label),
      element("dd", "value", value),
    ]);
    this.#facts.replaceChildren(...rows.flat());
    this.#status.textContent = "";
  }

  #fillActions() {
    const { words, previous, next, shows_folder: showsFolder, original, name } = this.#data;
    this.#previous.setAttribute("aria-label", words.previous);
    this.#next.setAttribute("aria-label", words.next);
    this.#previous.disabled = !previous;
    this.#next.disabled = !next;
    this.#previous.hidden = this.#next.hidden = !(previous || next);
    this.#like.textContent = words.like;
    this.#folder.textContent = showsFolder ? words.show_folder : words.copy_folder;
    this.#path.textContent = words.copy_path;
    this.#download.textContent = words.download;
    this.#download.hidden = !original;
    if (original) this.#download.href = original;
    this.#download.download = name;
  }

  #fillFiles() {
    const { files, words } = this.#data;
    this.#files.hidden = !files.length;
    this.#files.setAttribute("aria-label", words.files);
    this.#files.replaceChildren(...files.map((file) => drawFile(file, words.download_file)));
  }

  #step(by) {
    this.send("step", by);
  }

  #openFolder() {
    if (this.#data.shows_folder) this.send("act", "folder");
    else this.#copy(this.#data.folder);
  }

  async #copy(text) {
    await copy(text, this.root);
    this.#status.textContent = this.#data.words.copied;
    setTimeout(() => (this.#status.textContent = ""), STATUS_MS);
  }

  // Each time behind the listeners that the page has added since.
  #listenToKeys() {
    this.#keys?.abort();
    this.#keys = new AbortController();
    const onKey = (event) => {
      // after Escape an arrow would open a photo that is being closed
      if (event.key === "Escape") this.#keys.abort();
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.composedPath().includes(this.#film.video)) return; // its arrows seek
      if (event.key === "ArrowLeft" && this.#data.previous) this.#step(-1);
      if (event.key === "ArrowRight" && this.#data.next) this.#step(1);
    };
    // the dialog keeps Escape to itself
    document.addEventListener("keydown", onKey, { capture: true, signal: this.#keys.signal });
  }

  async #drawPlace() {
    const { place, land: url } = this.#data;
    const map = this.#map;
    map.hidden = !place;
    if (!place) return;
    map.setAttribute("aria-label", place.alt);
    const land = await loadLand(url);
    const { clientWidth: width, clientHeight: height } = map;
    if (width) drawPlace(map, land, { place, width, height });
  }
}

// A file without an address, which is missing, has its name alone.
function drawFile({ name, note, url }, label) {
  const row = element("li", "file");
  const link = element(url ? "a" : "span", "filename", name);
  if (url) {
    link.href = url;
    link.download = name;
    link.setAttribute("aria-label", label.replace("{name}", name));
  }
  row.append(link, element("span", "filenote", note));
  return row;
}

function drawPlace(map, land, { place, width, height }) {
  const at = project(place.latitude, place.longitude);
  const scale = PLACE_SCALE;
  const y = withinPoles(at.y, height, scale);
  const colours = coloursOf(map);
  const context = fitted(map, width, height);
  drawLand(context, land, { x: at.x, y, scale, width, height }, colours);
  context.beginPath();
  context.arc(width / 2, height / 2 + (at.y - y) * scale, 6, 0, 2 * Math.PI);
  context.fillStyle = colours.point;
  context.strokeStyle = colours.edge;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
}

// Pages of other machines have no clipboard unless they come by HTTPS, and a visitor may forbid its
// use: there the old way is left.
async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", "copied", text);
    near.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export default drawn(Detail);
