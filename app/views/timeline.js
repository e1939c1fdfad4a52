// Draws the years with a bar for each month that has photos: a click chooses a month or a year,
// dragging or Shift chooses from one month to another.
// data = {months: [{month: "2019-06", photos, label}], chosen: [first, last] or null, words}.

import { button, element } from "../ui/elements.js";

function ordered(one, other) {
  return one <= other ? [one, other] : [other, one];
}

function drawBar(root, { month, photos, label }, most) {
  const bar = button("bar");
  bar.dataset.month = month;
  bar.tabIndex = -1;
  bar.title = label;
  bar.setAttribute("aria-label", label);
  bar.style.gridColumn = Number(month.slice(5));
  bar.style.setProperty("--share", Math.sqrt(photos / most)); // a few photos are seen beside many
  bar.append(element("span", "height"));
  bar.onclick = (event) => {
    if (root.dragged) return;
    root.choose(event.shiftKey && root.anchor ? ordered(root.anchor, month) : [month, month]);
    if (!event.shiftKey) root.anchor = month;
  };
  return bar;
}

// A month without photos: nothing to click, but a span may begin or end there.
function drawSlot(month) {
  const slot = element("span", "slot");
  slot.dataset.month = month;
  slot.style.gridColumn = Number(month.slice(5));
  return slot;
}

function drawYear(root, year, months, most) {
  const group = element("div", "year");
  const bars = element("div", "bars");
  const known = new Map(months.map((one) => [one.month, one]));
  for (let number = 1; number <= 12; number += 1) {
    const month = `${year}-${String(number).padStart(2, "0")}`;
    bars.append(known.has(month) ? drawBar(root, known.get(month), most) : drawSlot(month));
  }
  const name = button("name", year);
  name.dataset.year = year;
  name.onclick = () => root.choose([`${year}-01`, `${year}-12`]);
  group.append(bars, name);
  return group;
}

function draw(root, data) {
  const drawn = JSON.stringify(data.months);
  if (root.drawn === drawn) return;
  root.drawn = drawn;
  const most = Math.max(...data.months.map(({ photos }) => photos));
  const years = Map.groupBy(data.months, ({ month }) => month.slice(0, 4));
  root.years.replaceChildren(
    ...[...years].map(([year, months]) => drawYear(root, year, months, most)),
  );
  root.bars = [...root.years.querySelectorAll(".bar")];
  const first = root.bars.find((bar) => bar.dataset.month >= (data.chosen?.[0] ?? "9"));
  // the newest, or what is chosen
  root.years.scrollLeft = first ? first.offsetLeft - root.years.offsetLeft : root.years.scrollWidth;
}

function mark(root, chosen) {
  const within = (month) => chosen && chosen[0] <= month && month <= chosen[1];
  for (const bar of root.bars) bar.setAttribute("aria-pressed", Boolean(within(bar.dataset.month)));
  for (const name of root.years.querySelectorAll(".name")) {
    const { year } = name.dataset;
    name.setAttribute("aria-pressed", Boolean(within(`${year}-01`) && within(`${year}-12`)));
  }
  root.all.setAttribute("aria-pressed", !chosen);
  const current = root.bars.find((bar) => within(bar.dataset.month)) ?? root.bars.at(-1);
  if (!root.bars.includes(root.getRootNode().activeElement)) makeCurrent(root, current);
}

function makeCurrent(root, bar) {
  for (const one of root.bars) one.tabIndex = one === bar ? 0 : -1;
}

// The arrows walk over the months; one stop for the Tab key.
function walk(root, event) {
  const at = root.bars.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: root.bars.length - 1 }[
    event.key
  ];
  if (at < 0 || to === undefined || !root.bars[to]) return;
  event.preventDefault();
  makeCurrent(root, root.bars[to]);
  root.bars[to].focus();
}

function followDrag(root) {
  // The column below the pointer, however far above or below the months it is.
  const monthAt = ({ clientX }) => {
    const { top, height } = root.years.querySelector(".bars").getBoundingClientRect();
    const there = root.getRootNode().elementFromPoint(clientX, top + height / 2);
    return there?.closest?.("[data-month]")?.dataset.month;
  };
  root.years.onpointerdown = (event) => {
    const begins = event.pointerType === "mouse" && event.target.closest(".bars");
    root.from = begins ? monthAt(event) : undefined;
    root.dragged = undefined;
  };
  root.years.onpointermove = (event) => {
    const to = root.from && event.buttons ? monthAt(event) : undefined;
    if (!to || (to === root.from && !root.dragged)) return;
    root.years.setPointerCapture(event.pointerId); // the button may come up anywhere
    root.dragged = ordered(root.from, to);
    mark(root, root.dragged);
  };
  root.years.onpointerup = () => {
    if (root.dragged) root.choose(root.dragged);
    root.from = undefined;
    setTimeout(() => (root.dragged = undefined)); // after the click that ends a drag
  };
}

function build() {
  const root = element("div", "timeline");
  root.setAttribute("role", "group");
  root.all = button("all");
  root.years = element("div", "years");
  root.append(root.years, root.all);
  root.all.onclick = () => root.choose(null);
  root.years.onkeydown = (event) => walk(root, event);
  followDrag(root);
  return root;
}

export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".timeline");
  if (!root) {
    root = build();
    parentElement.append(root);
  }
  root.choose = (span) => {
    mark(root, span);
    setTriggerValue("span", span ? span.join("..") : "all");
  };
  root.setAttribute("aria-label", data.words.timeline);
  root.all.textContent = data.words.all;
  draw(root, data);
  mark(root, data.chosen);
}
