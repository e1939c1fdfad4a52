// Draws a justified wall of photos: data.cells = [{id, name, alt, score, match, ratio, src}].
// Names are other people's text: they are only ever set as text and as attributes.

const LOWEST = 0.6, HIGHEST = 2.4; // a panorama or a strip is cropped to a ratio that fits the wall

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function draw(cell, onOpen) {
  const button = element("button", "cell");
  button.type = "button";
  button.dataset.photo = cell.id;
  button.title = cell.match ? `${cell.name}\n${cell.match}` : cell.name;
  button.style.setProperty("--ratio", Math.min(HIGHEST, Math.max(LOWEST, cell.ratio)));
  button.onclick = () => onOpen(cell.id);

  if (cell.src) {
    const image = element("img", "picture");
    image.alt = cell.alt;
    image.decoding = "async";
    image.src = cell.src;
    button.append(image);
  } else {
    button.append(element("span", "picture placeholder", cell.name));
  }

  const caption = element("span", "caption");
  caption.append(element("bdi", "name", cell.name), element("span", "score", cell.score));
  button.append(caption);
  return button;
}

export default function ({ parentElement, data, setTriggerValue }) {
  let wall = parentElement.querySelector(".wall");
  if (!wall) {
    wall = element("div", "wall");
    parentElement.append(wall);
  }
  const drawn = JSON.stringify(data.cells);
  if (wall.drawn !== drawn) { // else keep the keyboard's place
    wall.drawn = drawn;
    const onOpen = (id) => setTriggerValue("opened", id);
    wall.replaceChildren(...data.cells.map((cell) => draw(cell, onOpen)));
  }

  if (wall.onClosed) document.removeEventListener("recollect-closed", wall.onClosed);
  wall.onClosed = ({ detail }) => wall.querySelector(`[data-photo="${detail}"]`)?.focus();
  document.addEventListener("recollect-closed", wall.onClosed);
  return () => document.removeEventListener("recollect-closed", wall.onClosed);
}
