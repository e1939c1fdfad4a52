// Draws a justified grid of photos that can be opened and ticked, and requests more while one
// scrolls. data = {grid, from, items, more, dated, selected, turn, labels}; `turn` is that of the last
// report of ticks that the page has heard, and the items are those of `grid`
// from place `from` on: those before are here already.
// An item = {id, name, alt, match, strength, ratio, src, group, badges, live}.
// Names are other people's text: they are only ever set as text and as attributes.

import { Component, drawn, onPhotoClosed } from "../ui/component.js";
import { button, element } from "../ui/elements.js";
import { Live } from "./live.js";
import { added, beyond, groupsOf, rangeOf } from "./items.js";

const [LOWEST, HIGHEST] = [0.6, 2.4]; // a panorama or a strip is cropped to a ratio that fits
const AHEAD_PX = 1500; // so far below the screen the next photos are requested
const CLEAR = ".st-key-selection_clear button"; // of the bar that selection/bar.py draws

function drawPicture({ name, alt, src }) {
  const image = element("img", "picture");
  image.onerror = () => image.replaceWith(element("span", "picture placeholder", name));
  image.alt = alt;
  image.decoding = "async";
  image.src = src;
  return image;
}

function drawMeter(strength) {
  const meter = element("span", "meter");
  meter.style.setProperty("--strength", strength);
  return meter;
}

function drawBadges(badges) {
  const row = element("span", "badges");
  row.append(...badges.map((badge) => element("span", "badge", badge)));
  return row;
}

function playWhilePointed(place, picture, src) {
  const live = new Live(picture);
  live.update(src);
  picture.after(live.video);
  place.addEventListener("pointerenter", () => live.playIfWelcome());
  place.addEventListener("pointerleave", () => live.stop());
}

class Grid extends Component {
  root = element("div", "grid");
  #groups = element("div", "groups");
  #end = element("div", "end");
  #name; // of the grid whose items these are
  #arranged; // the name of the grid that the elements show
  #items = [];
  #shown = new Map(); // by the photo's id: its item and its element
  #current; // the photo where the keyboard is
  #selected = new Set();
  #toggled = new Set(); // photos that were ticked or unticked here, until the page has heard of all
  #turn; // of the last report of ticks, until the page has heard of it
  #anchor; // the photo where a range of ticks begins
  #requested;
  #endObserver;
  #labels;

  constructor() {
    super();
    this.root.append(this.#groups, this.#end);
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.addEventListener("focusin", ({ target }) => {
      const opens = target.closest(".item")?.querySelector(".opener");
      if (opens) this.#makeCurrent(Number(opens.dataset.photo));
    });
  }

  update(data) {
    this.#labels = data.labels;
    this.#requested = undefined;
    this.#receiveTicks(data);
    const isWhole = this.#receive(data);
    this.#showTicks();
    this.#watchEnd(isWhole && data.more);
  }

  connect(signal) {
    onPhotoClosed(signal, (id) => this.root.querySelector(`[data-photo="${id}"]`)?.focus());
    const onClick = ({ target }) => target.closest?.(CLEAR) && this.#untick();
    document.addEventListener("click", onClick, { capture: true, signal });
    signal.addEventListener("abort", () => this.#endObserver?.disconnect());
  }

  // what has come

  // Draws it, and says whether the grid is all here now; if not, the rest is requested.
  #receive({ grid, from, items, dated }) {
    if (this.#name !== grid) {
      if (from > 0) return this.#requestMissing(grid, 0); // another grid: nothing of it is here
      this.#name = grid;
      this.#items = [];
    }
    const { fresh, missing } = added(this.#items.length, from, items);
    if (missing !== undefined) return this.#requestMissing(grid, missing);
    if (fresh.length || this.#arranged !== grid) {
      this.#items = this.#items.concat(fresh);
      this.#arranged = grid;
      this.#arrange(dated);
    }
    return true;
  }

  #requestMissing(grid, have) {
    this.#request(grid, have, false);
    return false;
  }

  // `more`: the next ones are requested too, not only what is missing here
  #request(grid, have, more) {
    const request = `${grid} ${have} ${more}`;
    if (this.#requested === request) return;
    this.#requested = request;
    const scrolled = (this.#scroller?.scrollTop ?? 0) > 0;
    // no event: it would push out a click before it
    this.store("more", { grid, have, more, scrolled, turn: Date.now() });
  }

  get #scroller() {
    return this.root.getRootNode().host?.closest(".stMain") ?? null;
  }

  #watchEnd(more) {
    this.#endObserver?.disconnect();
    if (!more) return;
    this.#endObserver = new IntersectionObserver(
      ([end]) => {
        if (end.isIntersecting) this.#request(this.#name, this.#items.length, true);
      },
      { root: this.#scroller, rootMargin: `${AHEAD_PX}px` },
    );
    this.#endObserver.observe(this.#end);
  }

  // Puts the items in their order, a group of them below each heading; a photo that was there
  // before keeps its element, and so the picture and the keyboard's place.
  #arrange(dated) {
    const before = this.#shown;
    this.#shown = new Map();
    const groups = groupsOf(this.#items).map(({ name, items }) => {
      const elements = items.map((item) => this.#elementOf(item, before.get(item.id)));
      return drawGroup(name, elements, dated);
    });
    const focused = this.root.getRootNode().activeElement;
    this.#groups.replaceChildren(...groups);
    if (focused && this.root.contains(focused)) focused.focus({ preventScroll: true });
    const current = this.#shown.has(this.#current) ? this.#current : this.#items[0]?.id;
    if (current !== undefined) this.#makeCurrent(current);
  }

  #elementOf(item, before) {
    const isSame = before && before.item.match === item.match && before.item.src === item.src;
    const shown = isSame ? before : { item, element: this.#drawItem(item) };
    this.#shown.set(item.id, shown);
    return shown.element;
  }

  #drawItem(item) {
    const drawing = element("div", "item");
    drawing.setAttribute("role", "listitem");
    const ratio = Math.min(HIGHEST, Math.max(LOWEST, item.ratio));
    drawing.style.setProperty("--ratio", ratio);
    drawing.append(this.#drawOpener(item), this.#drawTick(item));
    if (item.strength !== null) drawing.append(drawMeter(item.strength));
    return drawing;
  }

  #drawOpener(item) {
    const opener = button("opener");
    opener.tabIndex = -1;
    opener.dataset.photo = item.id;
    opener.title = item.match ? `${item.name}\n${item.match}` : item.name;
    opener.onclick = (event) => {
      if (this.#selected.size) this.#toggle(item.id, event.shiftKey);
      else this.send("opened", item.id);
    };
    const caption = element("span", "caption");
    caption.append(element("bdi", "name", item.name), element("span", "match", item.match));
    const picture = drawPicture(item);
    opener.append(picture, caption);
    if (item.live) playWhilePointed(opener, picture, item.live);
    if (item.badges.length) opener.append(drawBadges(item.badges));
    return opener;
  }

  #drawTick(item) {
    const tick = button("tick");
    tick.tabIndex = -1;
    tick.setAttribute("role", "checkbox");
    tick.setAttribute("aria-label", this.#labels.select.replace("{name}", item.name));
    tick.onclick = (event) => this.#toggle(item.id, event.shiftKey);
    return tick;
  }

  // ticks

  #toggle(id, isRange) {
    const isTicked = !this.#selected.has(id);
    const ids = this.#items.map((item) => item.id);
    for (const one of isRange ? rangeOf(ids, this.#anchor, id) : [id]) {
      this.#toggled.add(one);
      if (isTicked) this.#selected.add(one);
      else this.#selected.delete(one);
    }
    this.#anchor = id;
    this.#showTicks();
    this.#expectAnswer();
    this.#reportTicks();
  }

  // at once: a tick that follows is the first of new ones
  #untick() {
    this.#selected.clear();
    this.#showTicks();
    this.#expectAnswer();
    setTimeout(() => this.#reportTicks()); // after the click that clears them
  }

  // What the page draws before it has heard of this turn is old.
  #expectAnswer() {
    this.#turn = Math.max(Date.now(), (this.#turn ?? 0) + 1);
  }

  // Of those that were toggled here only: the page may be about to tick all, or none.
  #reportTicks() {
    const on = [...this.#toggled].filter((id) => this.#selected.has(id));
    const off = [...this.#toggled].filter((id) => !this.#selected.has(id));
    this.send("ticked", { turn: this.#turn, on, off });
  }

  #receiveTicks({ selected, turn }) {
    if (this.#turn !== undefined && this.#turn !== turn) return;
    this.#turn = undefined;
    this.#toggled.clear();
    this.#selected = new Set(selected);
  }

  #showTicks() {
    this.root.classList.toggle("selecting", this.#selected.size > 0);
    for (const [id, { element: item }] of this.#shown) {
      const isTicked = this.#selected.has(id);
      item.classList.toggle("ticked", isTicked);
      item.querySelector(".tick").setAttribute("aria-checked", isTicked);
    }
  }

  // the keyboard: the grid is one stop of Tab, arrows go through it

  #makeCurrent(id) {
    for (const [one, { element: item }] of this.#shown) {
      const place = one === id ? 0 : -1;
      item.querySelector(".opener").tabIndex = item.querySelector(".tick").tabIndex = place;
    }
    this.#current = id;
  }

  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#shown.has(this.#current)) return;
    if (event.key === "x") this.#toggle(this.#current, event.shiftKey);
    else if (!this.#walk(event.key)) return;
    event.preventDefault();
  }

  // Whether the key leads anywhere.
  #walk(key) {
    const items = [...this.#shown.values()].map((one) => one.element);
    const here = items.indexOf(this.#shown.get(this.#current).element);
    const boxOf = (at) => items[at].getBoundingClientRect();
    const goals = {
      ArrowLeft: () => here - 1,
      ArrowRight: () => here + 1,
      ArrowUp: () => beyond(items.length, here, -1, boxOf),
      ArrowDown: () => beyond(items.length, here, 1, boxOf),
      Home: () => 0,
      End: () => items.length - 1,
    };
    if (!Object.hasOwn(goals, key)) return false;
    items[goals[key]()]?.querySelector(".opener").focus();
    return true;
  }
}

function drawGroup(name, items, dated) {
  const group = element("section", dated ? "group" : "group whole");
  if (name) group.append(element("h2", dated ? "month" : "line", name));
  const row = element("div", "row");
  row.setAttribute("role", "list");
  row.append(...items);
  group.append(row);
  return group;
}

export default drawn(Grid);
