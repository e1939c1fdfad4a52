// A histogram of the library over time, and the span of it that is searched.
// data = {months, first, last, off, words}; months are those of months.js, `first` and `last` are
// places in it.

import { Component, drawn } from "../ui/component.js";
import { element, switchOff } from "../ui/elements.js";
import { barsOf, heightOf, monthsOfABar } from "./months.js";

const REST_MS = 250;

function slider() {
  const input = element("input", "slider");
  input.type = "range";
  input.min = 0;
  return input;
}

function drawBars(months) {
  const bars = barsOf(months);
  const most = Math.max(...bars.map(({ photos }) => photos));
  return bars.map(({ at, photos }) => {
    const bar = element("span", "bar");
    bar.style.height = `${heightOf(photos, most)}%`;
    bar.dataset.at = at;
    return bar;
  });
}

class Dates extends Component {
  root = element("div", "dates");
  #bars = element("div", "bars");
  #first = slider();
  #last = slider();
  #from = element("span", "from");
  #to = element("span", "to");
  #months;
  #pending; // a choice that is not sent yet

  constructor() {
    super();
    this.#bars.setAttribute("aria-hidden", "true");
    const tracks = element("div", "tracks");
    tracks.append(element("span", "track"), this.#first, this.#last);
    const labels = element("div", "labels");
    labels.append(this.#from, this.#to);
    this.root.append(this.#bars, tracks, labels);
    for (const input of this.#sliders) {
      input.oninput = () => this.#show();
      input.onchange = () => this.#choose();
    }
  }

  get #sliders() {
    return [this.#first, this.#last];
  }

  get #span() {
    return this.#sliders.map(({ value }) => Number(value)).toSorted((one, other) => one - other);
  }

  update(data) {
    switchOff(this.root, data.off);
    this.#first.setAttribute("aria-label", data.words.first);
    this.#last.setAttribute("aria-label", data.words.last);
    this.#months = data.months;
    this.#bars.replaceChildren(...drawBars(data.months));
    this.#first.max = this.#last.max = data.months.length - 1;
    if (this.#pending === undefined) {
      this.#first.value = data.first; // else somebody is still choosing
      this.#last.value = data.last;
    }
    this.#show();
  }

  #show() {
    const [start, end] = this.#span;
    const step = monthsOfABar(this.#months);
    for (const bar of this.#bars.children) {
      const at = Number(bar.dataset.at);
      bar.classList.toggle("within", at + step > start && at <= end);
    }
    this.#from.textContent = this.#months[start][0];
    this.#to.textContent = this.#months[end][0];
    for (const input of this.#sliders) {
      input.setAttribute("aria-valuetext", this.#months[Number(input.value)][0]);
    }
  }

  // An arrow key that is held down moves a slider many times: only where it rests is searched.
  #choose() {
    clearTimeout(this.#pending);
    this.#pending = setTimeout(() => {
      this.#pending = undefined;
      this.send("span", this.#span);
    }, REST_MS);
  }
}

export default drawn(Dates);
