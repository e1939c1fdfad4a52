// A map that is moved and zoomed, with clusters of photos.
// data = {places: [[latitude, longitude, photos, row, column]], cells_per_deg, land, tiles, words};
// a place is a cell of a grid, with the mean of its photos' positions.

import { coloursOf, drawLand, fitted, loadLand, project } from "../ui/earth.js";
import { button, element } from "../ui/elements.js";

const TILE_PX = 256,
  LEAST_SCALE = TILE_PX,
  MOST_ZOOM = 17;
const CLUSTER_PX = 72; // places within such a square are one cluster
const KEPT = "recollect-map-view"; // in the tab: coming back finds the map as it was left
const TILES_KEPT = 400;

function zoomOf(view) {
  return Math.log2(view.scale / TILE_PX);
}

// clusters

function clustersAt(root, zoom) {
  if (root.clustered?.zoom === zoom && root.clustered.places === root.places) return root.clustered;
  const squares = new Map();
  for (const place of root.places) {
    const size = CLUSTER_PX / (TILE_PX * 2 ** zoom);
    const key = `${zoom} ${Math.floor(place.middle.x / size)} ${Math.floor(place.middle.y / size)}`;
    if (!squares.has(key)) squares.set(key, { key, places: [] });
    squares.get(key).places.push(place);
  }
  root.clustered = { zoom, places: root.places, clusters: [...squares.values()].map(summed) };
  return root.clustered;
}

function summed({ key, places }) {
  const photos = places.reduce((sum, place) => sum + place.photos, 0);
  const mean = (of) => places.reduce((sum, place) => sum + place[of] * place.photos, 0) / photos;
  const [latitude, longitude] = [mean("latitude"), mean("longitude")];
  return { key, places, photos, latitude, longitude, ...project(latitude, longitude) };
}

// What a click searches: the rows and columns of cells that the cluster consists of, from the first
// to before the end. No other cluster has a cell within, since clusters are made by cells' middles.
function boxOf({ places }) {
  const edge = (of, which) => which(...places.map((place) => place[of]));
  return {
    south: edge("row", Math.min),
    north: edge("row", Math.max) + 1,
    west: edge("column", Math.min),
    east: edge("column", Math.max) + 1,
  };
}

function drawClusters(root) {
  const { view } = root;
  const { clusters } = clustersAt(root, Math.round(zoomOf(view)));
  const shown = new Map();
  for (const cluster of clusters) {
    const across = cluster.x - view.x - Math.round(cluster.x - view.x); // the nearer way round
    const left = view.width / 2 + across * view.scale;
    const top = view.height / 2 + (cluster.y - view.y) * view.scale;
    if (left < -40 || top < -40 || left > view.width + 40 || top > view.height + 40) continue;
    const dot = root.dots.get(cluster.key) ?? drawDot(root, cluster);
    dot.style.transform = `translate(${left}px, ${top}px) translate(-50%, -50%)`;
    shown.set(cluster.key, dot);
  }
  for (const [key, dot] of root.dots) if (!shown.has(key)) dot.remove();
  for (const dot of shown.values()) if (!dot.isConnected) root.overlay.append(dot);
  root.dots = shown;
}

function drawDot(root, cluster) {
  const { photos } = cluster;
  const dot = button("dot", photos.toLocaleString(document.documentElement.lang));
  const size = 1.9 + Math.min(2.2, Math.log10(photos) * 0.55);
  dot.style.setProperty("--size", `${size}rem`);
  const { one, many } = root.words;
  const label = photos === 1 ? one : many.replace("{number}", dot.textContent);
  const degrees = (angle, [plus, minus]) =>
    `${Math.abs(angle).toFixed(1)}° ${angle < 0 ? minus : plus}`;
  dot.title = `${label} · ${degrees(cluster.latitude, "NS")}, ${degrees(cluster.longitude, "EW")}`;
  dot.setAttribute("aria-label", dot.title);
  dot.onclick = () => root.say("near", boxOf(cluster));
  return dot;
}

// what lies below

function drawTiles(root, context) {
  const { view, tiles } = root;
  const zoom = Math.max(0, Math.min(MOST_ZOOM, Math.round(zoomOf(view))));
  const [count, size] = [2 ** zoom, view.scale / 2 ** zoom];
  const [left, top] = [
    view.x * count - view.width / 2 / size,
    view.y * count - view.height / 2 / size,
  ];
  for (let x = Math.floor(left); x < left + view.width / size; x += 1) {
    for (
      let y = Math.max(0, Math.floor(top));
      y < Math.min(count, top + view.height / size);
      y += 1
    ) {
      const turned = ((x % count) + count) % count;
      const named = { z: zoom, x: turned, y };
      const image = tile(
        root,
        tiles.replace(/\{([zxy])\}/g, (_, part) => named[part]),
      );
      if (!image.complete || !image.naturalWidth) continue;
      context.drawImage(image, (x - left) * size, (y - top) * size, size + 0.5, size + 0.5);
    }
  }
}

function tile(root, url) {
  if (!root.images.has(url)) {
    const image = new Image();
    image.onload = () => root.redraw();
    image.src = url;
    root.images.set(url, image);
    if (root.images.size > TILES_KEPT) root.images.delete(root.images.keys().next().value);
  }
  return root.images.get(url);
}

function draw(root) {
  const { view, canvas } = root;
  [view.width, view.height] = [root.clientWidth, root.clientHeight];
  if (!view.width || !root.land) return;
  keepWithin(view);
  const context = fitted(canvas, view.width, view.height);
  drawLand(context, root.land, view, coloursOf(canvas));
  if (root.tiles) drawTiles(root, context);
  drawClusters(root);
  sessionStorage.setItem(KEPT, JSON.stringify({ x: view.x, y: view.y, scale: view.scale }));
}

// the view

function keepWithin(view) {
  const least = Math.max(LEAST_SCALE, view.height);
  view.scale = Math.max(least, Math.min(TILE_PX * 2 ** MOST_ZOOM, view.scale));
  const half = view.height / view.scale / 2;
  view.y = Math.max(half, Math.min(1 - half, view.y));
  view.x -= Math.floor(view.x);
}

function zoomBy(root, factor, px = root.view.width / 2, py = root.view.height / 2) {
  const { view } = root;
  const [dx, dy] = [px - view.width / 2, py - view.height / 2];
  const at = { x: view.x + dx / view.scale, y: view.y + dy / view.scale };
  view.scale *= factor;
  keepWithin(view);
  Object.assign(view, { x: at.x - dx / view.scale, y: at.y - dy / view.scale });
  root.redraw();
}

function moveBy(root, dx, dy) {
  root.view.x -= dx / root.view.scale;
  root.view.y -= dy / root.view.scale;
  root.redraw();
}

function showEverything(root) {
  const edges = (of) => [Math.min(...root.places.map(of)), Math.max(...root.places.map(of))];
  const [west, east] = edges(({ x }) => x);
  const [north, south] = edges(({ y }) => y);
  const room = Math.min(
    root.clientWidth / Math.max(1e-3, east - west),
    root.clientHeight / Math.max(1e-3, south - north),
  );
  Object.assign(root.view, { x: (west + east) / 2, y: (north + south) / 2, scale: room * 0.8 });
  root.redraw();
}

function followPointers(root) {
  const pointers = new Map();
  const spread = () => {
    const [one, other] = [...pointers.values()];
    return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
  };
  const place = (event) => ({ x: event.clientX, y: event.clientY });
  root.canvas.onpointerdown = (event) => {
    root.canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
  };
  root.canvas.onpointermove = (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const wide = spread();
    const now = place(event);
    pointers.set(event.pointerId, now);
    moveBy(root, (now.x - last.x) / pointers.size, (now.y - last.y) / pointers.size);
    if (wide && spread()) zoomBy(root, spread() / wide);
  };
  root.canvas.onpointerup = root.canvas.onpointercancel = (event) =>
    pointers.delete(event.pointerId);
  root.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { left, top } = root.getBoundingClientRect();
      zoomBy(root, 2 ** (-event.deltaY / 300), event.clientX - left, event.clientY - top);
    },
    { passive: false },
  );
  root.canvas.ondblclick = (event) => zoomBy(root, 2, event.offsetX, event.offsetY);
}

function followKeys(root) {
  const step = 80;
  const moves = {
    ArrowLeft: [step, 0],
    ArrowRight: [-step, 0],
    ArrowUp: [0, step],
    ArrowDown: [0, -step],
  };
  root.canvas.onkeydown = (event) => {
    if (moves[event.key]) moveBy(root, ...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoomBy(root, 2);
    else if (event.key === "-") zoomBy(root, 0.5);
    else return;
    event.preventDefault();
  };
}

function build() {
  const root = element("div", "earth");
  root.canvas = element("canvas", "ground");
  root.canvas.tabIndex = 0;
  root.canvas.setAttribute("role", "application");
  root.overlay = element("div", "overlay");
  const buttons = element("div", "buttons");
  root.closer = button("closer", "+");
  root.farther = button("farther", "−");
  root.everything = button("everything", "⤢");
  root.credit = element("p", "credit");
  buttons.append(root.closer, root.farther, root.everything);
  root.append(root.canvas, root.overlay, buttons, root.credit);
  Object.assign(root, {
    dots: new Map(),
    images: new Map(),
    view: { x: 0.5, y: 0.4, scale: LEAST_SCALE },
  });
  root.redraw = () => {
    root.frame ??= requestAnimationFrame(() => {
      root.frame = undefined;
      draw(root);
    });
  };
  root.closer.onclick = () => zoomBy(root, 2);
  root.farther.onclick = () => zoomBy(root, 0.5);
  root.everything.onclick = () => showEverything(root);
  followPointers(root);
  followKeys(root);
  new ResizeObserver(root.redraw).observe(root);
  return root;
}

function receive(root, data) {
  root.words = data.words;
  root.tiles = data.tiles;
  root.canvas.setAttribute("aria-label", data.words.map);
  for (const name of ["closer", "farther", "everything"]) {
    root[name].title = data.words[name];
    root[name].setAttribute("aria-label", data.words[name]);
  }
  root.credit.textContent = data.tiles ? data.words.credit : "";
  const told = JSON.stringify(data.places);
  if (root.told === told) return;
  root.told = told;
  for (const dot of root.dots.values()) dot.remove(); // their numbers are those of the places before
  root.dots = new Map();
  const middle = (number) => (number + 0.5) / data.cells_per_deg;
  root.places = data.places.map(([latitude, longitude, photos, row, column]) => ({
    latitude,
    longitude,
    photos,
    row,
    column,
    ...project(latitude, longitude),
    middle: project(middle(row), middle(column)),
  }));
}

export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".earth");
  const isNew = !root;
  if (isNew) {
    root = build();
    parentElement.append(root);
  }
  root.say = setTriggerValue;
  receive(root, data);
  const kept = sessionStorage.getItem(KEPT);
  if (isNew && kept) Object.assign(root.view, JSON.parse(kept));
  else if (isNew) showEverything(root);
  root.redraw();
  loadLand(data.land).then((land) => {
    root.land = land;
    root.redraw();
  });
}
