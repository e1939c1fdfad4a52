// The atlas: the library as points that can be zoomed, and the list of its groups beside them.
// data = {points, groups, words, group, area}:
// points: base64 of little-endian numbers, x y (16 bits) group (8) year (16) id (32);
// groups: [{name, count, place: [x, y]}]; group, area: what the address chooses, or null.
// Thumbnails come as the event `recollect-pictures`, for `wanted` photos.

import { button, element } from "../ui/elements.js";
import {
  SCALE,
  THUMB_PX,
  changed,
  groupColour,
  isDark,
  isLit,
  light,
  moveBy,
  onMap,
  onScreen,
  receive,
  unpack,
  yearColour,
  zoomAt,
} from "./atlas_drawing.js";

const CLICK_PX = 5,
  CORNERS = 60;
const STEP = 0.15,
  ZOOM = 1.5;

// the pointer: drag moves or draws a line, two fingers zoom, a click opens

function listen(root) {
  const { canvas } = root,
    fingers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomAt(root, ...place(event), Math.exp(-event.deltaY / 400));
    },
    { passive: false },
  );
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    root.from = place(event);
    root.line = root.drawing || event.shiftKey ? [onMap(root, ...place(event))] : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const [before, now] = [fingers.get(event.pointerId), place(event)];
    if (fingers.size === 2) pinch(root, fingers, event.pointerId, now);
    else if (root.line) root.line.push(onMap(root, ...now));
    else {
      const [from, to] = [onMap(root, ...before), onMap(root, ...now)];
      moveBy(root, from[0] - to[0], from[1] - to[1]);
    }
    fingers.set(event.pointerId, now);
    changed(root);
  });
  const release = (event) => {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    const now = place(event);
    const moved = Math.hypot(now[0] - root.from[0], now[1] - root.from[1]);
    if (root.line?.length > 2) finishLine(root);
    else if (event.type === "pointerup" && moved < CLICK_PX) open(root, ...now);
    root.line = null;
    changed(root);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("keydown", (event) => onKey(root, event));
}

function pinch(root, fingers, moving, now) {
  const [other] = [...fingers].filter(([id]) => id !== moving).map(([, at]) => at);
  const before = fingers.get(moving);
  const far = (at) => Math.max(1, Math.hypot(at[0] - other[0], at[1] - other[1]));
  zoomAt(root, other[0], other[1], far(now) / far(before));
}

function finishLine(root) {
  const every = Math.ceil(root.line.length / CORNERS);
  const corners = root.line.filter((_, at) => at % every === 0);
  setDrawing(root, false);
  if (corners.length < 3) return;
  root.say(
    "area",
    corners.flat().map((part) => Math.max(-999, Math.min(1999, Math.round(1000 * part)))),
  );
}

function open(root, px, py) {
  const thumb = root.thumbs.findLast(
    (one) => Math.abs(one.px - px) < THUMB_PX / 2 && Math.abs(one.py - py) < THUMB_PX / 2,
  );
  const at = thumb ? thumb.at : nearest(root, px, py);
  if (at >= 0) root.say("opened", root.points.id[at]);
}

function nearest(root, px, py) {
  let best = -1,
    off = 12;
  for (let at = 0; at < root.points.x.length; at++) {
    const [x, y] = onScreen(root, root.points.x[at] / SCALE, root.points.y[at] / SCALE);
    const away = Math.hypot(x - px, y - py);
    if (away < off && isLit(root, at)) [best, off] = [at, away];
  }
  return best;
}

function onKey(root, event) {
  const step = STEP / root.view.zoom;
  const acts = {
    ArrowLeft: () => moveBy(root, -step, 0),
    ArrowRight: () => moveBy(root, step, 0),
    ArrowUp: () => moveBy(root, 0, -step),
    ArrowDown: () => moveBy(root, 0, step),
    "+": () => zoomAt(root, root.width / 2, root.height / 2, ZOOM),
    "=": () => zoomAt(root, root.width / 2, root.height / 2, ZOOM),
    "-": () => zoomAt(root, root.width / 2, root.height / 2, 1 / ZOOM),
  };
  if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
  acts[event.key]();
  event.preventDefault();
}

// the frame around it

function setDrawing(root, wanted) {
  root.drawing = wanted;
  root.canvas.classList.toggle("drawing", wanted);
  root.lasso.setAttribute("aria-pressed", wanted);
}

function tool(label, shape, act) {
  const made = button("tool");
  made.title = label;
  made.setAttribute("aria-label", label);
  made.innerHTML = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d="${shape}"/></svg>`;
  made.onclick = act;
  return made;
}

function tools(root, words) {
  const bar = element("div", "tools");
  const middle = () => [root.width / 2, root.height / 2];
  root.lasso = tool(
    words.lasso,
    "M12 4c5 0 9 2.500 9 6s-4 6-9 6-9-2.500-9-6 4-6 9-6zM7 15c-3 2 1 3 0 6",
    () => setDrawing(root, !root.drawing),
  );
  root.lasso.setAttribute("aria-pressed", "false");
  bar.append(
    tool(words.nearer, "M12 5v14M5 12h14", () => zoomAt(root, ...middle(), ZOOM)),
    tool(words.farther, "M5 12h14", () => zoomAt(root, ...middle(), 1 / ZOOM)),
    tool(words.whole, "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5", () => {
      root.view = { x: 0.5, y: 0.5, zoom: 1 };
      changed(root);
    }),
    root.lasso,
  );
  return bar;
}

function colours(root, words) {
  const bar = element("div", "colours");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", words.colour);
  const buttons = [
    [words.by_group, false],
    [words.by_year, true],
  ].map(([label, byYear]) => {
    const choice = button("choice", label);
    choice.onclick = () => {
      root.byYear = byYear;
      buttons.forEach((one) => one.setAttribute("aria-pressed", one === choice));
      root.legend.hidden = !byYear;
      changed(root);
    };
    choice.setAttribute("aria-pressed", byYear === Boolean(root.byYear));
    return choice;
  });
  bar.append(...buttons);
  return bar;
}

function legend(root) {
  const [first, last] = root.years,
    dark = isDark(root);
  const ramp = element("span", "ramp");
  const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => yearColour(share, dark));
  ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  root.legend.replaceChildren(element("span", "year", first), ramp, element("span", "year", last));
}

function fillList(root, words) {
  root.list.setAttribute("aria-label", words.groups);
  const dark = isDark(root);
  root.list.replaceChildren(
    ...root.largestFirst.map((group) => {
      const { name, count } = root.groups[group];
      const item = element("li", "item"),
        chooses = button("group");
      chooses.dataset.group = group;
      const swatch = element("span", "swatch");
      swatch.style.background = groupColour(group, dark);
      chooses.append(swatch, element("span", "label", name), element("span", "count", count));
      chooses.onclick = () => root.say("group", root.chosenGroup === group ? -1 : group);
      item.append(chooses);
      return item;
    }),
  );
}

function build() {
  const root = element("div", "atlas");
  root.stage = element("div", "stage");
  root.canvas = element("canvas", "canvas");
  root.canvas.tabIndex = 0;
  root.canvas.setAttribute("role", "img");
  root.side = element("div", "side");
  root.legend = element("div", "years");
  root.legend.hidden = true;
  root.list = element("ul", "groups");
  root.append(root.stage, root.side);
  Object.assign(root, {
    pictures: new Map(),
    thumbs: [],
    lit: null,
    view: { x: 0.5, y: 0.5, zoom: 1 },
  });
  return root;
}

function fill(root, data) {
  root.points = unpack(data.points);
  root.groups = data.groups;
  const sizes = root.groups.map((_, group) =>
    root.points.group.reduce((sum, one) => sum + (one === group), 0),
  );
  root.largestFirst = sizes.map((_, group) => group).toSorted((a, b) => sizes[b] - sizes[a]);
  root.years = [
    root.points.year.reduce((a, b) => Math.min(a, b), 9999),
    root.points.year.reduce((a, b) => Math.max(a, b), 0),
  ];
  root.canvas.setAttribute("aria-label", data.words.picture);
  root.stage.replaceChildren(root.canvas, tools(root, data.words));
  root.side.replaceChildren(colours(root, data.words), root.legend, root.list);
  fillList(root, data.words);
  legend(root);
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let root = parentElement.querySelector(".atlas");
  if (!root) {
    root = build();
    parentElement.append(root);
    listen(root);
    new ResizeObserver(([{ contentRect }]) => {
      [root.width, root.height] = [contentRect.width, contentRect.height];
      changed(root);
    }).observe(root.stage);
  }
  root.say = setTriggerValue;
  root.wish = (photos) => setStateValue("wanted", { photos, turn: Date.now() }); // no event: one would push out another
  const filled = JSON.stringify([data.points.id, data.points.x, data.groups, data.words]);
  if (root.filled !== filled) {
    // else keep the keyboard's place
    root.filled = filled;
    fill(root, data);
  }
  light(root, data);
  changed(root);

  if (root.onPictures) document.removeEventListener("recollect-pictures", root.onPictures);
  root.onPictures = ({ detail }) => receive(root, detail);
  document.addEventListener("recollect-pictures", root.onPictures);
  if (root.onClosed) document.removeEventListener("recollect-closed", root.onClosed);
  root.onClosed = () => root.canvas.focus();
  document.addEventListener("recollect-closed", root.onClosed);
  return () => {
    document.removeEventListener("recollect-pictures", root.onPictures);
    document.removeEventListener("recollect-closed", root.onClosed);
  };
}
