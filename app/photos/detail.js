// Draws one photo with its facts, its place and what can be done with it.
// data = {id, name, alt, src, width, height, notice, facts, place, path, folder, original,
//         shows_folder, land, previous, next, words}.
// Names are other people's text: they are only ever set as text and as attributes.

import { coloursOf, drawLand, fitted, loadLand, project } from "../ui/earth.js";
import { button, element } from "../ui/elements.js";

const PLACE_ZOOM = 3.2; // a continent around the place
const SAID_MS = 2500;

function build() {
  const sheet = element("div", "sheet");
  const stage = element("div", "stage");
  const image = element("img", "picture");
  const nothing = element("div", "nothing");
  const previous = button("step previous", "‹");
  const next = button("step next", "›");
  stage.append(image, nothing, previous, next);

  const told = element("div", "told");
  const name = element("h2", "name");
  const notice = element("p", "notice");
  const actions = element("div", "actions");
  const like = button("act like");
  const folder = button("act folder");
  const path = button("act path");
  const download = element("a", "act download");
  actions.append(like, download, folder, path);
  const said = element("p", "said");
  said.setAttribute("role", "status");
  const facts = element("dl", "facts");
  const map = element("canvas", "map");
  map.setAttribute("role", "img");
  told.append(name, notice, actions, said, facts, map);
  sheet.append(stage, told);
  sheet.parts = {
    image,
    nothing,
    previous,
    next,
    name,
    notice,
    like,
    folder,
    path,
    download,
    said,
    facts,
    map,
  };
  return sheet;
}

function fill(parts, data) {
  const { image, nothing, name, notice, facts } = parts;
  image.hidden = !data.src;
  nothing.hidden = Boolean(data.src);
  nothing.textContent = data.name;
  image.width = data.width; // keeps the place of a picture that is still coming
  image.height = data.height;
  image.alt = data.alt;
  image.onerror = () => {
    image.hidden = true;
    nothing.hidden = false;
  };
  if (data.src && image.getAttribute("src") !== data.src) image.src = data.src;
  name.textContent = data.name;
  notice.hidden = !data.notice;
  notice.textContent = data.notice ?? "";
  facts.replaceChildren(
    ...data.facts.flatMap(([label, value]) => [
      element("dt", "label", label),
      element("dd", "value", value),
    ]),
  );
  parts.said.textContent = "";
}

function fillActions({ previous, next, like, folder, path, download }, data, say) {
  previous.setAttribute("aria-label", data.words.previous);
  next.setAttribute("aria-label", data.words.next);
  previous.disabled = !data.previous;
  next.disabled = !data.next;
  previous.hidden = next.hidden = !(data.previous || data.next);
  like.textContent = data.words.like;
  folder.textContent = data.shows_folder ? data.words.show_folder : data.words.copy_folder;
  path.textContent = data.words.copy_path;
  download.textContent = data.words.download;
  download.hidden = !data.original;
  if (data.original) download.href = data.original;
  download.download = data.name;
  previous.onclick = () => say.step(-1);
  next.onclick = () => say.step(1);
  like.onclick = () => say.act("like");
  folder.onclick = () => (data.shows_folder ? say.act("folder") : say.copy(data.folder));
  path.onclick = () => say.copy(data.path);
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

async function drawPlace(map, data) {
  map.hidden = !data.place;
  if (!data.place) return;
  map.setAttribute("aria-label", data.place.alt);
  const land = await loadLand(data.land);
  const { clientWidth: width, clientHeight: height } = map;
  if (!width) return;
  const at = project(data.place.latitude, data.place.longitude);
  const scale = 256 * 2 ** PLACE_ZOOM;
  const colours = coloursOf(map);
  const context = fitted(map, width, height);
  const half = height / scale / 2;
  const y = Math.max(half, Math.min(1 - half, at.y));
  drawLand(context, land, { x: at.x, y, scale, width, height }, colours);
  context.beginPath();
  context.arc(width / 2, height / 2 + (at.y - y) * scale, 6, 0, 2 * Math.PI);
  context.fillStyle = colours.point;
  context.strokeStyle = colours.edge;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
}

export default function ({ parentElement, data, setTriggerValue }) {
  let sheet = parentElement.querySelector(".sheet");
  if (!sheet) {
    sheet = build();
    parentElement.append(sheet);
  }
  const { said, map } = sheet.parts;
  const say = {
    step: (by) => setTriggerValue("step", by),
    act: (what) => setTriggerValue("act", what),
    copy: async (text) => {
      await copy(text, sheet);
      said.textContent = data.words.copied;
      setTimeout(() => (said.textContent = ""), SAID_MS);
    },
  };
  fill(sheet.parts, data);
  fillActions(sheet.parts, data, say);
  drawPlace(map, data);

  const deaf = () => document.removeEventListener("keydown", sheet.onKey, true);
  deaf();
  sheet.onKey = (event) => {
    if (event.key === "Escape") deaf(); // a later arrow would open a photo that is being closed
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft" && data.previous) say.step(-1);
    if (event.key === "ArrowRight" && data.next) say.step(1);
  };
  document.addEventListener("keydown", sheet.onKey, true); // the dialog keeps Escape to itself

  return () => {
    deaf();
    setTimeout(() => {
      if (sheet.isConnected) return;
      // the grid takes the keyboard back to this photo
      document.dispatchEvent(new CustomEvent("recollect-closed", { detail: data.id }));
    }, 100); // after the dialog has let go of the focus
  };
}
