// A map that is moved and zoomed, with clusters of photos.
// data = {places, cells_per_deg, land, tiles, words}; places are those of clusters.js.

import { Component, drawn } from "../ui/component.js";
import { coloursOf, drawLand, fitted, loadLand } from "../ui/earth.js";
import { button, element, setLabel } from "../ui/elements.js";
import { boxOf, clustersAt, degrees, projected } from "./clusters.js";
import {
  WHOLE_WORLD,
  around,
  bounded,
  moved,
  onScreen,
  tilesOf,
  zoomOf,
  zoomed,
} from "./map_view.js";

const STORED = "recollect-map-view"; // in the tab: coming back finds the map as it was left
const MOST_TILES = 400; // that are remembered
const DOT_PX = 40; // half of the largest
const STEP_PX = 80;
const STEPS = {
  ArrowLeft: [STEP_PX, 0],
  ArrowRight: [-STEP_PX, 0],
  ArrowUp: [0, STEP_PX],
  ArrowDown: [0, -STEP_PX],
};

function placeOf(event) {
  return { x: event.clientX, y: event.clientY };
}

class PhotoMap extends Component {
  root = element("div", "earth");
  #canvas = element("canvas", "ground");
  #overlay = element("div", "overlay");
  #buttons = {
    closer: button("closer", "+"),
    farther: button("farther", "−"),
    everything: button("everything", "⤢"),
  };
  #credit = element("p", "credit");
  #view = { ...WHOLE_WORLD, width: 0, height: 0 };
  #isPlaced = false; // the view is that of before, or shows everything
  #places = [];
  #placesText; // the places as they came
  #clustered = {}; // the clusters of a zoom
  #dots = new Map(); // by the cluster's key
  #images = new Map(); // tiles by their addresses
  #land;
  #tiles;
  #words;
  #frame = 0; // that will draw it

  constructor() {
    super();
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "application");
    const { closer, farther, everything } = this.#buttons;
    const buttons = element("div", "buttons");
    buttons.append(closer, farther, everything);
    this.root.append(this.#canvas, this.#overlay, buttons, this.#credit);
    closer.onclick = () => this.#zoomBy(2);
    farther.onclick = () => this.#zoomBy(0.5);
    everything.onclick = () => this.#showEverything();
    this.#followPointers();
    this.#canvas.onkeydown = (event) => this.#onKey(event);
    new ResizeObserver(() => this.#redraw()).observe(this.root);
  }

  update(data) {
    this.#words = data.words;
    this.#tiles = data.tiles;
    this.#canvas.setAttribute("aria-label", data.words.map);
    for (const [name, made] of Object.entries(this.#buttons)) setLabel(made, data.words[name]);
    this.#credit.textContent = data.tiles ? data.words.credit : "";
    this.#receivePlaces(data);
    this.#placeView();
    this.#redraw();
    this.#loadLand(data.land);
  }

  #receivePlaces({ places, cells_per_deg: cellsPerDegree }) {
    const text = JSON.stringify(places);
    if (this.#placesText === text) return;
    this.#placesText = text;
    for (const dot of this.#dots.values()) dot.remove(); // their numbers are of the places before
    this.#dots = new Map();
    this.#clustered = {};
    this.#places = projected(places, cellsPerDegree);
  }

  #placeView() {
    if (this.#isPlaced) return;
    this.#isPlaced = true;
    const stored = sessionStorage.getItem(STORED);
    if (stored) Object.assign(this.#view, JSON.parse(stored));
    else this.#showEverything();
  }

  async #loadLand(url) {
    this.#land = await loadLand(url);
    this.#redraw();
  }

  // drawing

  #redraw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.root;
    Object.assign(this.#view, { width, height });
    if (!width || !this.#land) return;
    this.#view = bounded(this.#view);
    const context = fitted(this.#canvas, width, height);
    drawLand(context, this.#land, this.#view, coloursOf(this.#canvas));
    if (this.#tiles) this.#drawTiles(context);
    this.#drawClusters();
    const { x, y, scale } = this.#view;
    sessionStorage.setItem(STORED, JSON.stringify({ x, y, scale }));
  }

  #drawTiles(context) {
    for (const tile of tilesOf(this.#view)) {
      const url = this.#tiles.replace(/\{([zxy])\}/g, (_, name) => tile[name]);
      const image = this.#tileImage(url);
      if (!image.complete || !image.naturalWidth) continue;
      context.drawImage(image, tile.left, tile.top, tile.size + 0.5, tile.size + 0.5);
    }
  }

  #tileImage(url) {
    if (!this.#images.has(url)) {
      const image = new Image();
      image.onload = () => this.#redraw();
      image.src = url;
      this.#images.set(url, image);
      if (this.#images.size > MOST_TILES) this.#images.delete(this.#images.keys().next().value);
    }
    return this.#images.get(url);
  }

  #drawClusters() {
    const view = this.#view;
    const shown = new Map();
    for (const cluster of this.#clusters(Math.round(zoomOf(view)))) {
      const { left, top } = onScreen(view, cluster);
      if (left < -DOT_PX || top < -DOT_PX) continue;
      if (left > view.width + DOT_PX || top > view.height + DOT_PX) continue;
      const dot = this.#dots.get(cluster.key) ?? this.#drawDot(cluster);
      dot.style.transform = `translate(${left}px, ${top}px) translate(-50%, -50%)`;
      shown.set(cluster.key, dot);
    }
    for (const [key, dot] of this.#dots) if (!shown.has(key)) dot.remove();
    for (const dot of shown.values()) if (!dot.isConnected) this.#overlay.append(dot);
    this.#dots = shown;
  }

  #clusters(zoom) {
    if (this.#clustered.zoom !== zoom) {
      this.#clustered = { zoom, clusters: clustersAt(this.#places, zoom) };
    }
    return this.#clustered.clusters;
  }

  #drawDot(cluster) {
    const { photos, latitude, longitude } = cluster;
    const dot = button("dot", photos.toLocaleString(document.documentElement.lang));
    const size = 1.9 + Math.min(2.2, Math.log10(photos) * 0.55);
    dot.style.setProperty("--size", `${size}rem`);
    const { one, many } = this.#words;
    const label = photos === 1 ? one : many.replace("{number}", dot.textContent);
    setLabel(dot, `${label} · ${degrees(latitude, "NS")}, ${degrees(longitude, "EW")}`);
    dot.onclick = () => this.send("near", boxOf(cluster));
    return dot;
  }

  // the view

  #show(view) {
    this.#view = view;
    this.#redraw();
  }

  #zoomBy(factor, px, py) {
    this.#show(zoomed(this.#view, factor, px, py));
  }

  #moveBy(dx, dy) {
    this.#show(moved(this.#view, dx, dy));
  }

  #showEverything() {
    const { clientWidth: width, clientHeight: height } = this.root;
    this.#show(around(this.#places, { width, height }));
  }

  #followPointers() {
    const canvas = this.#canvas;
    const pointers = new Map();
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, placeOf(event));
    };
    canvas.onpointermove = (event) => this.#followPointer(pointers, event);
    canvas.onpointerup = canvas.onpointercancel = (event) => pointers.delete(event.pointerId);
    canvas.ondblclick = (event) => this.#zoomBy(2, event.offsetX, event.offsetY);
    const onWheel = (event) => {
      event.preventDefault();
      const { left, top } = this.root.getBoundingClientRect();
      this.#zoomBy(2 ** (-event.deltaY / 300), event.clientX - left, event.clientY - top);
    };
    this.root.addEventListener("wheel", onWheel, { passive: false });
  }

  // One pointer moves the map, two zoom it.
  #followPointer(pointers, event) {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const spread = () => {
      const [one, other] = [...pointers.values()];
      return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
    };
    const before = spread();
    const now = placeOf(event);
    pointers.set(event.pointerId, now);
    this.#moveBy((now.x - last.x) / pointers.size, (now.y - last.y) / pointers.size);
    if (before && spread()) this.#zoomBy(spread() / before);
  }

  #onKey(event) {
    if (STEPS[event.key]) this.#moveBy(...STEPS[event.key]);
    else if (event.key === "+" || event.key === "=") this.#zoomBy(2);
    else if (event.key === "-") this.#zoomBy(0.5);
    else return;
    event.preventDefault();
  }
}

export default drawn(PhotoMap);
