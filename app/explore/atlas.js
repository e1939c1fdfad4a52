// The atlas: the library as points that can be zoomed, and the list of its groups beside them.
// data = {points, groups, words, group, area}: points are those of atlas_points.js;
// groups: [{name, count, place: [x, y]}]; group, area: what the address chooses, or null.

import { Component, drawn, onPhotoClosed } from "../ui/component.js";
import { button, element, setLabel } from "../ui/elements.js";
import { groupColour, isDark, yearColour } from "./atlas_colours.js";
import { drawScene } from "./atlas_drawing.js";
import { onPictures } from "./atlas_events.js";
import { areaOf, largestFirst, litPoints, partsOf, unpack, yearsOf } from "./atlas_points.js";
import {
  THUMBNAIL_PX,
  WHOLE,
  covers,
  moved,
  nearest,
  onMap,
  thumbnails,
  zoomed,
} from "./atlas_view.js";

const CLICK_PX = 5; // a pointer that moves less clicks
const STEP = 0.15;
const ZOOM = 1.5;
const SETTLED_MS = 250; // the view rests: thumbnails are requested
const LOST_MS = 5000; // a request without an answer is made again
const SHAPES = {
  nearer: "M12 5v14M5 12h14",
  farther: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  lasso: "M12 4c5 0 9 2.500 9 6s-4 6-9 6-9-2.500-9-6 4-6 9-6zM7 15c-3 2 1 3 0 6",
};
const SHARES = [0, 0.25, 0.5, 0.75, 1]; // of the years, in the legend

function tool(name, label, act) {
  const made = button("tool");
  setLabel(made, label);
  made.innerHTML = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d="${SHAPES[name]}"/></svg>`;
  made.onclick = act;
  return made;
}

class Atlas extends Component {
  root = element("div", "atlas");
  #stage = element("div", "stage");
  #canvas = element("canvas", "canvas");
  #side = element("div", "side");
  #legend = element("div", "years");
  #list = element("ul", "groups");
  #lasso; // the button that draws a line
  #filled; // the data that points and groups are made of
  #points;
  #groups;
  #largestFirst;
  #years;
  #chosenGroup = null;
  #area = null;
  #lit = null;
  #byYear = false;
  #view = { ...WHOLE, width: 0, height: 0 };
  #pictures = new Map(); // by the photo's id; null where there is none
  #thumbnails = [];
  #pointers = new Map(); // that are down, with their places
  #from; // where the first pointer went down
  #line = null; // that is being drawn
  #isDrawing = false; // the next pointer draws a line
  #frame = 0; // that will draw it
  #settling;

  constructor() {
    super();
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "img");
    this.#legend.hidden = true;
    this.root.append(this.#stage, this.#side);
    this.#listen();
    new ResizeObserver(
      ([
        {
          contentRect: { width, height },
        },
      ]) => {
        this.#show({ ...this.#view, width, height });
      },
    ).observe(this.#stage);
  }

  update(data) {
    const { points, groups, words } = data;
    const filled = JSON.stringify([points.id, points.x, groups, words]);
    if (this.#filled !== filled) {
      this.#filled = filled; // else the keyboard keeps its place
      this.#fill(data);
    }
    this.#light(data);
    this.#redraw();
  }

  connect(signal) {
    onPictures(signal, (pictures) => this.#receivePictures(pictures));
    onPhotoClosed(signal, () => this.#canvas.focus());
  }

  // what there is to see

  #fill({ points, groups, words }) {
    this.#points = unpack(points);
    this.#groups = groups;
    this.#largestFirst = largestFirst(this.#points, groups.length);
    this.#years = yearsOf(this.#points);
    this.#canvas.setAttribute("aria-label", words.picture);
    this.#stage.replaceChildren(this.#canvas, this.#drawTools(words));
    this.#side.replaceChildren(this.#drawColours(words), this.#legend, this.#list);
    this.#fillList(words);
    this.#fillLegend();
  }

  get #isDark() {
    return isDark(getComputedStyle(this.#stage).backgroundColor);
  }

  #drawTools(words) {
    const bar = element("div", "tools");
    this.#lasso = tool("lasso", words.lasso, () => this.#setDrawing(!this.#isDrawing));
    this.#lasso.setAttribute("aria-pressed", "false");
    bar.append(
      tool("nearer", words.nearer, () => this.#zoomMiddle(ZOOM)),
      tool("farther", words.farther, () => this.#zoomMiddle(1 / ZOOM)),
      tool("whole", words.whole, () => this.#show({ ...this.#view, ...WHOLE })),
      this.#lasso,
    );
    return bar;
  }

  #drawColours(words) {
    const bar = element("div", "colours");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", words.colour);
    const choices = [button("choice", words.by_group), button("choice", words.by_year)];
    choices.forEach((choice, at) => {
      choice.setAttribute("aria-pressed", Boolean(at) === this.#byYear);
      choice.onclick = () => {
        this.#byYear = Boolean(at);
        for (const one of choices) one.setAttribute("aria-pressed", one === choice);
        this.#legend.hidden = !this.#byYear;
        this.#redraw();
      };
    });
    bar.append(...choices);
    return bar;
  }

  #fillLegend() {
    const [first, last] = this.#years;
    const dark = this.#isDark;
    const ramp = element("span", "ramp");
    const stops = SHARES.map((share) => yearColour(share, dark));
    ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    this.#legend.replaceChildren(
      element("span", "year", first),
      ramp,
      element("span", "year", last),
    );
  }

  #fillList(words) {
    this.#list.setAttribute("aria-label", words.groups);
    const dark = this.#isDark;
    this.#list.replaceChildren(...this.#largestFirst.map((group) => this.#drawGroup(group, dark)));
  }

  #drawGroup(group, dark) {
    const { name, count } = this.#groups[group];
    const choice = button("group");
    choice.dataset.group = group;
    const swatch = element("span", "swatch");
    swatch.style.background = groupColour(group, dark);
    choice.append(swatch, element("span", "label", name), element("span", "count", count));
    choice.onclick = () => this.send("group", this.#chosenGroup === group ? -1 : group);
    const item = element("li", "item");
    item.append(choice);
    return item;
  }

  // The chosen group, or what lies within the line.
  #light({ group, area }) {
    this.#chosenGroup = group !== null && group < this.#groups.length ? group : null;
    this.#area = areaOf(area);
    this.#lit = litPoints(this.#points, this.#chosenGroup, this.#area);
    for (const choice of this.#list.querySelectorAll(".group")) {
      choice.setAttribute("aria-pressed", Number(choice.dataset.group) === this.#chosenGroup);
    }
  }

  get #isLit() {
    const lit = this.#lit;
    return lit === null ? () => true : (at) => lit.has(at);
  }

  // drawing

  #show(view) {
    this.#view = view;
    this.#redraw();
  }

  #redraw() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#requestPictures(), SETTLED_MS);
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#view.width) return;
    this.#thumbnails = thumbnails(this.#view, this.#points, this.#isLit);
    drawScene(this.#canvas, {
      view: this.#view,
      points: this.#points,
      groups: this.#groups,
      largestFirst: this.#largestFirst,
      chosenGroup: this.#chosenGroup,
      isLit: this.#isLit,
      byYear: this.#byYear,
      years: this.#years,
      pictures: this.#pictures,
      thumbnails: this.#thumbnails,
      line: this.#line ?? this.#area,
      dark: this.#isDark,
    });
  }

  #requestPictures() {
    clearTimeout(this.#settling);
    const photos = thumbnails(this.#view, this.#points, this.#isLit)
      .map(({ at }) => this.#points.id[at])
      .filter((id) => !this.#pictures.has(id));
    if (!photos.length || !this.root.isConnected) return;
    this.store("wanted", { photos, turn: Date.now() }); // no event: one would push out another
    this.#settling = setTimeout(() => this.#requestPictures(), LOST_MS);
  }

  #receivePictures(pictures) {
    for (const [id, url] of Object.entries(pictures)) {
      if (this.#pictures.has(Number(id))) continue;
      const image = url ? new Image() : null;
      this.#pictures.set(Number(id), image);
      if (!image) continue;
      image.onload = () => this.#redraw();
      image.src = url;
    }
  }

  // the pointer: drag moves or draws a line, two fingers zoom, a click opens

  #listen() {
    const canvas = this.#canvas;
    const onWheel = (event) => {
      event.preventDefault();
      this.#zoomAt(...this.#placeOf(event), Math.exp(-event.deltaY / 400));
    };
    canvas.addEventListener("wheel", onWheel, { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", (event) => this.#end(event));
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #placeOf(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #begin(event) {
    const place = this.#placeOf(event);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, place);
    this.#from = place;
    const draws = this.#isDrawing || event.shiftKey;
    this.#line = draws ? [onMap(this.#view, ...place)] : null;
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#placeOf(event);
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, now);
    else if (this.#line) this.#line.push(onMap(this.#view, ...now));
    else this.#drag(before, now);
    this.#pointers.set(event.pointerId, now);
    this.#redraw();
  }

  #end(event) {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size) return;
    const [px, py] = this.#placeOf(event);
    const away = Math.hypot(px - this.#from[0], py - this.#from[1]);
    if (this.#line?.length > 2) this.#chooseArea(this.#line);
    else if (event.type === "pointerup" && away < CLICK_PX) this.#open(px, py);
    this.#line = null;
    this.#redraw();
  }

  #drag(before, now) {
    const [from, to] = [onMap(this.#view, ...before), onMap(this.#view, ...now)];
    this.#moveBy(from[0] - to[0], from[1] - to[1]);
  }

  #pinch(pointerId, before, now) {
    const [, other] = [...this.#pointers].find(([id]) => id !== pointerId);
    const far = (place) => Math.max(1, Math.hypot(place[0] - other[0], place[1] - other[1]));
    this.#zoomAt(...other, far(now) / far(before));
  }

  #chooseArea(line) {
    this.#setDrawing(false);
    const area = partsOf(line);
    if (area) this.send("area", area);
  }

  #open(px, py) {
    const thumbnail = this.#thumbnails.findLast((one) => covers(one, px, py, THUMBNAIL_PX / 2));
    const at = thumbnail?.at ?? nearest(this.#view, this.#points, this.#isLit, px, py);
    if (at >= 0) this.send("opened", this.#points.id[at]);
  }

  #setDrawing(wanted) {
    this.#isDrawing = wanted;
    this.#canvas.classList.toggle("drawing", wanted);
    this.#lasso.setAttribute("aria-pressed", wanted);
  }

  // the view

  #zoomAt(px, py, factor) {
    this.#show(zoomed(this.#view, px, py, factor));
  }

  #zoomMiddle(factor) {
    this.#zoomAt(this.#view.width / 2, this.#view.height / 2, factor);
  }

  #moveBy(dx, dy) {
    this.#show(moved(this.#view, dx, dy));
  }

  #onKey(event) {
    const step = STEP / this.#view.zoom;
    const acts = {
      ArrowLeft: () => this.#moveBy(-step, 0),
      ArrowRight: () => this.#moveBy(step, 0),
      ArrowUp: () => this.#moveBy(0, -step),
      ArrowDown: () => this.#moveBy(0, step),
      "+": () => this.#zoomMiddle(ZOOM),
      "=": () => this.#zoomMiddle(ZOOM),
      "-": () => this.#zoomMiddle(1 / ZOOM),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
  }
}

export default drawn(Atlas);
