// Draws a justified grid of photos that can be opened and ticked, and asks for more while one
// scrolls. data = {grid, from, cells, more, dated, selected, labels}; the cells are those of `grid` from
// place `from` on: what came before is kept here.
// A cell = {id, name, alt, match, strength, ratio, src, group}.
// Names are other people's text: they are only ever set as text and as attributes.

import { element } from "../ui/elements.js";

const LOWEST = 0.6,
  HIGHEST = 2.4; // a panorama or a strip is cropped to a ratio that fits the grid
const AHEAD_PX = 1500; // so far below the screen the next photos are asked for

function drawPicture(cell) {
  const image = element("img", "picture");
  image.onerror = () => image.replaceWith(element("span", "picture placeholder", cell.name));
  image.alt = cell.alt;
  image.decoding = "async";
  image.src = cell.src;
  return image;
}

function drawCell(root, cell) {
  const spot = element("div", "spot");
  spot.setAttribute("role", "listitem");
  spot.style.setProperty("--ratio", Math.min(HIGHEST, Math.max(LOWEST, cell.ratio)));
  const button = element("button", "cell");
  button.type = "button";
  button.tabIndex = -1;
  button.dataset.photo = cell.id;
  button.title = cell.match ? `${cell.name}\n${cell.match}` : cell.name;
  button.onclick = (event) => {
    if (root.selected.size) toggle(root, cell.id, event.shiftKey);
    else root.say("opened", cell.id);
  };
  const caption = element("span", "caption");
  caption.append(element("bdi", "name", cell.name), element("span", "match", cell.match));
  button.append(drawPicture(cell), caption);

  const tick = element("button", "tick");
  tick.type = "button";
  tick.tabIndex = -1;
  tick.setAttribute("role", "checkbox");
  tick.setAttribute("aria-label", root.labels.select.replace("{name}", cell.name));
  tick.onclick = (event) => toggle(root, cell.id, event.shiftKey);
  spot.append(button, tick);
  if (cell.strength !== null) {
    const meter = element("span", "meter");
    meter.style.setProperty("--strength", cell.strength);
    spot.append(meter);
  }
  return spot;
}

// what has come

// Draws it, and says whether the grid is all here now; if not, the server is asked for the rest.
function receive(root, data) {
  if (root.grid !== data.grid) {
    if (data.from > 0) return lacks(root, data.grid, 0); // drawn anew: nothing is kept here
    root.grid = data.grid;
    root.cells = [];
  }
  const fresh = data.cells.slice(root.cells.length - data.from);
  if (data.from > root.cells.length) return lacks(root, data.grid, root.cells.length);
  if (!fresh.length && root.drawn === data.grid) return true;
  root.cells = root.cells.concat(fresh);
  root.drawn = data.grid;
  arrange(root);
  return true;
}

function lacks(root, grid, have) {
  ask(root, grid, have, false);
  return false;
}

// Puts the cells in their order, a group of them below each heading; a photo that was there
// before keeps its element, and so the picture and the keyboard's place.
function arrange(root) {
  const known = root.spots ?? new Map();
  root.spots = new Map();
  const groups = [];
  for (const cell of root.cells) {
    if (!groups.length || groups.at(-1).name !== cell.group)
      groups.push({ name: cell.group, spots: [] });
    const before = known.get(cell.id);
    const same = before && before.cell.match === cell.match && before.cell.src === cell.src;
    const kept = same ? before : { cell, spot: drawCell(root, cell) };
    root.spots.set(cell.id, kept);
    groups.at(-1).spots.push(kept.spot);
  }
  const focused = root.getRootNode().activeElement;
  root.list.replaceChildren(...groups.map((group) => drawGroup(group, root.dated)));
  if (focused && root.contains(focused)) focused.focus({ preventScroll: true });
  const current = root.spots.get(root.current) ?? root.spots.get(root.cells[0]?.id);
  if (current) makeCurrent(root, current.cell.id);
}

function drawGroup({ name, spots }, dated) {
  const group = element("section", dated ? "group" : "group whole");
  if (name) group.append(element("h2", dated ? "month" : "line", name));
  const row = element("div", "row");
  row.setAttribute("role", "list");
  row.append(...spots);
  group.append(row);
  return group;
}

// `more`: the next ones are wanted too, not only what is missing here
function ask(root, grid, have, more) {
  const asked = `${grid} ${have} ${more}`;
  if (root.asked === asked) return;
  root.asked = asked;
  const scrolled = (scrollerOf(root)?.scrollTop ?? 0) > 0;
  root.lack({ grid, have, more, scrolled, turn: Date.now() });
}

function scrollerOf(root) {
  return root.getRootNode().host?.closest(".stMain") ?? null;
}

function watchTheEnd(root, more) {
  root.observer?.disconnect();
  if (!more) return;
  root.observer = new IntersectionObserver(
    ([end]) => {
      if (end.isIntersecting) ask(root, root.grid, root.cells.length, true);
    },
    { root: scrollerOf(root), rootMargin: `${AHEAD_PX}px` },
  );
  root.observer.observe(root.end);
}

// ticks

function toggle(root, id, range) {
  const ids = root.cells.map((cell) => cell.id);
  const wanted = !root.selected.has(id);
  let [first, last] = [ids.indexOf(id), ids.indexOf(id)];
  if (range && ids.includes(root.anchor)) {
    const anchor = ids.indexOf(root.anchor);
    [first, last] = [Math.min(first, anchor), Math.max(first, anchor)];
  }
  for (const one of ids.slice(first, last + 1)) {
    if (wanted) root.selected.add(one);
    else root.selected.delete(one);
  }
  root.anchor = id;
  showTicks(root);
  root.told = JSON.stringify([...root.selected]);
  root.say("ticked", [...root.selected]);
}

// Until the page has heard of the last tick, what it says of ticks is old.
function hearTicks(root, selected) {
  const said = JSON.stringify(selected);
  if (root.told !== undefined && root.told !== said) return;
  root.told = undefined;
  root.selected = new Set(selected);
}

function showTicks(root) {
  root.classList.toggle("selecting", root.selected.size > 0);
  for (const [id, { spot }] of root.spots) {
    const ticked = root.selected.has(id);
    spot.classList.toggle("ticked", ticked);
    spot.querySelector(".tick").setAttribute("aria-checked", ticked);
  }
}

// the keyboard: the grid is one stop of Tab, arrows go through it

function makeCurrent(root, id) {
  for (const [one, { spot }] of root.spots) {
    spot.querySelector(".cell").tabIndex = spot.querySelector(".tick").tabIndex =
      one === id ? 0 : -1;
  }
  root.current = id;
}

function onKey(root, event) {
  if (event.altKey || event.ctrlKey || event.metaKey || !root.spots.has(root.current)) return;
  const spots = [...root.spots.values()].map((one) => one.spot);
  const here = spots.indexOf(root.spots.get(root.current).spot);
  const goals = {
    ArrowLeft: here - 1,
    ArrowRight: here + 1,
    Home: 0,
    End: spots.length - 1,
    ArrowUp: beyond(spots, here, -1),
    ArrowDown: beyond(spots, here, 1),
  };
  if (event.key === "x") toggle(root, root.current, event.shiftKey);
  else if (event.key in goals) spots[goals[event.key]]?.querySelector(".cell").focus();
  else return;
  event.preventDefault();
}

// The place of the photo above (-1) or below (1) that lies straightest.
function beyond(spots, here, way) {
  const middle = (at) => {
    const box = spots[at].getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top };
  };
  const from = middle(here);
  let best = here,
    line = null,
    off = Infinity;
  for (let at = here + way; at >= 0 && at < spots.length; at += way) {
    const { x, y } = middle(at);
    if (Math.abs(y - from.y) < 4) continue; // the same row
    line ??= y;
    if (Math.abs(y - line) >= 4) break; // the row after the next
    if (Math.abs(x - from.x) < off) [best, off] = [at, Math.abs(x - from.x)];
  }
  return best;
}

function build() {
  const root = element("div", "grid");
  root.list = element("div", "groups");
  root.end = element("div", "end");
  root.append(root.list, root.end);
  root.selected = new Set();
  root.spots = new Map();
  root.cells = [];
  root.addEventListener("keydown", (event) => onKey(root, event));
  root.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".spot")?.querySelector(".cell");
    if (cell) makeCurrent(root, Number(cell.dataset.photo));
  });
  return root;
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let root = parentElement.querySelector(".grid");
  if (!root) {
    root = build();
    parentElement.append(root);
  }
  root.say = setTriggerValue;
  root.lack = (asked) => setStateValue("more", asked); // an event would push out a click before it
  root.labels = data.labels;
  root.dated = data.dated;
  root.asked = undefined;
  hearTicks(root, data.selected);
  const whole = receive(root, data);
  showTicks(root);
  watchTheEnd(root, whole && data.more);

  if (root.onClosed) document.removeEventListener("recollect-closed", root.onClosed);
  root.onClosed = ({ detail }) => root.querySelector(`[data-photo="${detail}"]`)?.focus();
  document.addEventListener("recollect-closed", root.onClosed);
  return () => {
    document.removeEventListener("recollect-closed", root.onClosed);
    root.observer?.disconnect();
  };
}
