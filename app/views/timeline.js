// Draws the years with a bar for each month that has photos: a click chooses a month or a year,
// dragging or Shift chooses from one month to another.
// data = {months: [{month: "2019-06", photos, label}], chosen: [first, last] or null, words}.

import { Component, drawn } from "../ui/component.js";
import { button, element, setLabel } from "../ui/elements.js";
import { isWithin, monthsOf, numberOf, ordered, spanOfYear } from "./months.js";

// A month without photos: nothing to click, but a span may begin or end there.
function drawEmptyMonth(month) {
  const empty = element("span", "slot");
  empty.dataset.month = month;
  empty.style.gridColumn = numberOf(month);
  return empty;
}

class Timeline extends Component {
  root = element("div", "timeline");
  #years = element("div", "years");
  #all = button("all");
  #bars = [];
  #drawnMonths; // what the bars show
  #anchor; // the month where a span begins
  #from; // the month where the pointer went down
  #dragged; // the span that is being dragged

  constructor() {
    super();
    this.root.setAttribute("role", "group");
    this.root.append(this.#years, this.#all);
    this.#all.onclick = () => this.#choose(null);
    this.#years.onkeydown = (event) => this.#walk(event);
    this.#followDrag();
  }

  update(data) {
    this.root.setAttribute("aria-label", data.words.timeline);
    this.#all.textContent = data.words.all;
    this.#drawMonths(data);
    this.#mark(data.chosen);
  }

  #choose(span) {
    this.#mark(span);
    this.send("span", span ? span.join("..") : "all");
  }

  #drawMonths({ months, chosen }) {
    const drawing = JSON.stringify(months);
    if (this.#drawnMonths === drawing) return;
    this.#drawnMonths = drawing;
    const most = Math.max(...months.map(({ photos }) => photos));
    const years = Map.groupBy(months, ({ month }) => month.slice(0, 4));
    const drawings = [...years].map(([year, ofYear]) => this.#drawYear(year, ofYear, most));
    this.#years.replaceChildren(...drawings);
    this.#bars = [...this.#years.querySelectorAll(".bar")];
    this.#scrollTo(chosen);
  }

  // To what is chosen, else to the newest.
  #scrollTo(chosen) {
    const years = this.#years;
    const first = chosen && this.#bars.find((bar) => bar.dataset.month >= chosen[0]);
    years.scrollLeft = first ? first.offsetLeft - years.offsetLeft : years.scrollWidth;
  }

  #drawYear(year, months, most) {
    const group = element("div", "year");
    const bars = element("div", "bars");
    const known = new Map(months.map((one) => [one.month, one]));
    const drawings = monthsOf(year).map((month) =>
      known.has(month) ? this.#drawBar(known.get(month), most) : drawEmptyMonth(month),
    );
    bars.append(...drawings);
    const name = button("name", year);
    name.dataset.year = year;
    name.onclick = () => this.#choose(spanOfYear(year));
    group.append(bars, name);
    return group;
  }

  #drawBar({ month, photos, label }, most) {
    const bar = button("bar");
    bar.dataset.month = month;
    bar.tabIndex = -1;
    setLabel(bar, label);
    bar.style.gridColumn = numberOf(month);
    bar.style.setProperty("--share", Math.sqrt(photos / most)); // a few are seen beside many
    bar.append(element("span", "height"));
    bar.onclick = ({ shiftKey }) => {
      if (this.#dragged) return;
      this.#choose(shiftKey && this.#anchor ? ordered(this.#anchor, month) : [month, month]);
      if (!shiftKey) this.#anchor = month;
    };
    return bar;
  }

  #mark(chosen) {
    for (const bar of this.#bars) {
      bar.setAttribute("aria-pressed", isWithin(chosen, bar.dataset.month));
    }
    for (const name of this.#years.querySelectorAll(".name")) {
      const months = spanOfYear(name.dataset.year);
      name.setAttribute(
        "aria-pressed",
        months.every((month) => isWithin(chosen, month)),
      );
    }
    this.#all.setAttribute("aria-pressed", !chosen);
    const first = this.#bars.find((bar) => isWithin(chosen, bar.dataset.month));
    const isFocused = this.#bars.includes(this.root.getRootNode().activeElement);
    if (!isFocused) this.#makeCurrent(first ?? this.#bars.at(-1));
  }

  // The arrows walk over the months; one stop for the Tab key.
  #walk(event) {
    const at = this.#bars.indexOf(event.target);
    const last = this.#bars.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined || !this.#bars[to]) return;
    event.preventDefault();
    this.#makeCurrent(this.#bars[to]);
    this.#bars[to].focus();
  }

  #makeCurrent(bar) {
    for (const one of this.#bars) one.tabIndex = one === bar ? 0 : -1;
  }

  // dragging

  #followDrag() {
    const years = this.#years;
    years.onpointerdown = (event) => {
      const begins = event.pointerType === "mouse" && event.target.closest(".bars");
      this.#from = begins ? this.#monthAt(event) : undefined;
      this.#dragged = undefined;
    };
    years.onpointermove = (event) => {
      const to = this.#from && event.buttons ? this.#monthAt(event) : undefined;
      if (!to || (to === this.#from && !this.#dragged)) return;
      years.setPointerCapture(event.pointerId); // the button may come up anywhere
      this.#dragged = ordered(this.#from, to);
      this.#mark(this.#dragged);
    };
    years.onpointerup = () => {
      if (this.#dragged) this.#choose(this.#dragged);
      this.#from = undefined;
      setTimeout(() => (this.#dragged = undefined)); // after the click that ends a drag
    };
  }

  // The column below the pointer, however far above or below the months it is.
  #monthAt({ clientX }) {
    const { top, height } = this.#years.querySelector(".bars").getBoundingClientRect();
    const there = this.root.getRootNode().elementFromPoint(clientX, top + height / 2);
    return there?.closest?.("[data-month]")?.dataset.month;
  }
}

export default drawn(Timeline);
