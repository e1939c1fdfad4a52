// A histogram of the library over time, and the span of it that is wanted.
// data = {months, first, last, off, words}; months = [[label, photos]], one after the other without gaps;
// `first` and `last` are places in it.

import { element, switchOff } from "../ui/elements.js";

const BARS = 48,
  REST_MS = 250;

function drawBars(months) {
  const step = Math.ceil(months.length / BARS);
  const sums = [];
  for (let at = 0; at < months.length; at += step) {
    sums.push({
      at,
      photos: months.slice(at, at + step).reduce((sum, [, photos]) => sum + photos, 0),
    });
  }
  const most = Math.max(...sums.map((bar) => bar.photos));
  return sums.map(({ at, photos }) => {
    const bar = element("span", "bar");
    // the root, so that a wedding does not hide the years around it
    bar.style.height = photos ? `${Math.max(6, 100 * Math.sqrt(photos / most))}%` : "0";
    bar.dataset.at = at;
    return bar;
  });
}

function slider() {
  const input = element("input", "slider");
  input.type = "range";
  input.min = 0;
  return input;
}

function build() {
  const root = element("div", "dates");
  const bars = element("div", "bars");
  bars.setAttribute("aria-hidden", "true");
  const tracks = element("div", "tracks");
  const first = slider(),
    last = slider();
  const told = element("div", "told");
  const from = element("span", "from"),
    to = element("span", "to");
  told.append(from, to);
  tracks.append(element("span", "track"), first, last);
  root.append(bars, tracks, told);
  root.parts = { bars, first, last, from, to };
  return root;
}

function span(root) {
  const { first, last } = root.parts;
  return [Number(first.value), Number(last.value)].toSorted((one, other) => one - other);
}

function show(root) {
  const { bars, first, last, from, to } = root.parts;
  const [start, end] = span(root);
  const step = Math.ceil(root.months.length / BARS);
  for (const bar of bars.children) {
    const at = Number(bar.dataset.at);
    bar.classList.toggle("within", at + step > start && at <= end);
  }
  from.textContent = root.months[start][0];
  to.textContent = root.months[end][0];
  for (const input of [first, last]) {
    input.setAttribute("aria-valuetext", root.months[Number(input.value)][0]);
  }
}

// An arrow key that is held down moves a slider many times: only where it rests is asked for.
function tell(root) {
  clearTimeout(root.pending);
  root.pending = setTimeout(() => {
    root.pending = undefined;
    root.say("span", span(root));
  }, REST_MS);
}

export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".dates");
  if (!root) {
    root = build();
    parentElement.append(root);
  }
  switchOff(root, data.off);
  const { bars, first, last } = root.parts;
  first.setAttribute("aria-label", data.words.first);
  last.setAttribute("aria-label", data.words.last);
  root.months = data.months;
  bars.replaceChildren(...drawBars(data.months));
  first.max = last.max = data.months.length - 1;
  if (root.pending === undefined) {
    // else somebody is still choosing
    first.value = data.first;
    last.value = data.last;
  }
  root.say = setTriggerValue;
  first.oninput = last.oninput = () => show(root);
  first.onchange = last.onchange = () => tell(root);
  show(root);
}
