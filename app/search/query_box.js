// The query box: what is typed, what could be meant, what holds already, and a picture to search by.
// data = {query, chips, candidates, icons, picture, limit_bytes, notice, words}
// A chip = {label, kind, rest, src}: without it the query is `rest`. A candidate = [kind, insert,
// label, count]; one whose `insert` ends with a colon goes on being typed.
// Names are other people's text: they are only ever set as text and as attributes.

import { button, element } from "../ui/elements.js";
import { give, listenForPictures, tell } from "./picture_intake.js";

const SHOWN = 8,
  RECENT = 12,
  KEPT = "recollect-recent";
const ICONS = {
  // those of filters come with the data
  recent: "M12 8v5l4 2M21 12a9 9 0 1 1-3-6.7M21 3v4h-4",
  filter: "M4 6h16M7 12h10M10 18h4",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21",
  cross: "M6 6l12 12M18 6 6 18",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.6a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2z",
};

function icon(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[kind] ?? ICONS.filter);
  svg.append(path);
  return svg;
}

function iconButton(className, kind, onClick) {
  const made = button(className);
  made.append(icon(kind));
  made.onclick = onClick;
  return made;
}

// what this visitor has asked before: stays in this browser

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function remember(query) {
  if (!query) return;
  try {
    const others = recent().filter((one) => one !== query);
    localStorage.setItem(KEPT, JSON.stringify([query, ...others].slice(0, RECENT)));
  } catch {
    /* a browser that keeps nothing */
  }
}

// suggestions

// What closes each quote; the query language has the same ones.
const ROUND = "“”„‟＂";
const CLOSING = { '"': '"', "«": "»", "»": "«", "「": "」", "『": "』" };
for (const quote of ROUND) CLOSING[quote] = ROUND;
const QUOTE = /["“”„‟＂«»「」『』]/gu;

// The word at the caret, and where it begins; quotes hold words together.
function wordAt(text, caret) {
  let start = 0,
    closing = "";
  for (let at = 0; at < caret; at++) {
    if (closing) closing = closing.includes(text[at]) ? "" : closing;
    else if (CLOSING[text[at]]) closing = CLOSING[text[at]];
    else if (/\s/.test(text[at])) start = at + 1;
  }
  return { start, word: text.slice(start, caret) };
}

function plain(text) {
  return text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
}

// 0: begins so; 1: one of its words does; 2: it is in it; else NONE, no match
const NONE = 3;

function rank(text, typed) {
  const at = text.indexOf(typed);
  if (at <= 0) return at === 0 ? 0 : NONE;
  return /[\s/:"]/.test(text[at - 1]) ? 1 : typed.length > 2 ? 2 : NONE; // "on" is in every Nikon
}

function suggestions(box) {
  const text = box.input.value;
  if (!text.trim()) return recent().map((query) => ({ kind: "recent", label: query, query }));
  const caret = box.input.selectionStart ?? text.length;
  const { start, word } = wordAt(text, caret);
  const minus = /^[-－−]/u.test(word) ? "-" : "";
  const bare = word.slice(minus.length).replace(QUOTE, "");
  const typed = plain(bare);
  if (typed.length < 2) return [];
  const put = (insert) => text.slice(0, start) + minus + insert + text.slice(caret);
  const found = [];
  for (const [kind, insert, label, count] of box.candidates) {
    const named = rank(label.plain, typed);
    const how = named < NONE ? named : NONE + rank(insert.plain, typed);
    if (how === 2 * NONE) continue;
    const open = insert.text.endsWith(":");
    found.push({
      how,
      kind,
      label: label.text,
      note: insert.text,
      count,
      query: put(insert.text),
      open,
    });
  }
  found.sort((one, other) => one.how - other.how); // stable: then in the order in which they came
  if (/[\d.]/.test(bare) && !/[\s:/]/.test(typed)) {
    // it may be a part of a file's name
    const label = box.words.named.replace("{name}", () => bare);
    found.push({ kind: "picture", label, note: `name:${bare}`, query: put(`name:${bare} `) });
  }
  const before = recent().filter((query) => query !== text && plain(query).startsWith(plain(text)));
  return [
    ...before.slice(0, 2).map((query) => ({ kind: "recent", label: query, query })),
    ...found,
  ].slice(0, SHOWN);
}

function suggest(box) {
  box.options = suggestions(box);
  box.active = -1;
  box.list.replaceChildren(...box.options.map((option, at) => drawOption(box, option, at)));
  unfold(box, box.options.length > 0);
}

function drawOption(box, option, at) {
  const item = element("li", "option");
  item.id = `option-${at}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.append(icon(option.kind), element("bdi", "label", option.label));
  if (option.note && option.kind !== "recent") item.append(element("bdi", "note", option.note));
  if (option.count) item.append(element("span", "count", option.count.toLocaleString(box.locale)));
  item.onpointerdown = (event) => event.preventDefault(); // the box keeps the keyboard
  item.onclick = () => choose(box, option);
  return item;
}

function unfold(box, open) {
  box.list.hidden = !open;
  box.input.setAttribute("aria-expanded", open);
  if (!open) activate(box, -1);
}

function activate(box, at) {
  box.active = at;
  [...box.list.children].forEach((item, place) => item.setAttribute("aria-selected", place === at));
  if (at < 0) return box.input.removeAttribute("aria-activedescendant");
  box.input.setAttribute("aria-activedescendant", `option-${at}`);
  box.list.children[at].scrollIntoView({ block: "nearest" });
}

function choose(box, option) {
  box.input.value = option.query;
  if (option.open) {
    box.input.focus();
    return suggest(box);
  }
  submit(box);
}

function submit(box) {
  unfold(box, false);
  const query = (box.input.value = box.input.value.trim());
  remember(query);
  box.submitted = query;
  box.say("asked", query);
}

function onKey(box, event) {
  if (event.isComposing) return; // Enter chooses a character of an input method
  const count = box.list.hidden ? 0 : box.options.length;
  if (event.key === "Enter") {
    if (box.active >= 0) choose(box, box.options[box.active]);
    else submit(box);
  } else if (event.key === "ArrowDown" && !count) suggest(box);
  else if (event.key === "ArrowDown") activate(box, (box.active + 1) % count);
  else if (event.key === "ArrowUp" && count)
    activate(box, (box.active > 0 ? box.active : count) - 1);
  else if (event.key === "Escape" && count) unfold(box, false);
  else return;
  event.preventDefault();
}

// "/" goes to the box, as elsewhere
function listen(box) {
  const onKeydown = (event) => {
    const busy = event.composedPath()[0].matches?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || busy || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.input.focus();
  };
  document.addEventListener("keydown", onKeydown);
  const stop = listenForPictures(box);
  return () => {
    document.removeEventListener("keydown", onKeydown);
    stop();
  };
}

// chips

function drawChip(box, chip) {
  const item = element("li", "chip");
  if (chip.src) {
    const image = element("img", "thumb");
    image.src = chip.src;
    image.alt = "";
    item.append(image);
  } else {
    item.append(icon(chip.kind));
  }
  item.append(element("bdi", "label", chip.label));
  const cross = iconButton("cross", "cross", () => {
    box.input.focus();
    if (chip.kind === "picture") box.say("unpictured", true);
    else box.say("asked", chip.rest);
  });
  cross.setAttribute("aria-label", box.words.remove.replace("{filter}", chip.label));
  item.append(cross);
  return item;
}

function build() {
  const root = element("div", "box");
  const field = element("div", "field");
  const input = element("input", "query");
  Object.assign(input, {
    type: "text",
    autocomplete: "off",
    spellcheck: false,
    enterKeyHint: "search",
  });
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "options");
  const chooser = element("input", "chooser");
  Object.assign(chooser, { type: "file", accept: "image/*", hidden: true });
  const list = element("ul", "options");
  list.id = "options";
  list.setAttribute("role", "listbox");
  const box = { root, input, chooser, list, options: [], active: -1 };
  box.clear = iconButton("clear", "cross", () => {
    input.value = "";
    input.focus();
    suggest(box);
    box.say("asked", "");
  });
  box.camera = iconButton("give", "picture", () => chooser.click());
  box.go = iconButton("go", "search", () => submit(box));
  box.chips = element("ul", "chips");
  box.notice = element("p", "notice");
  box.notice.setAttribute("role", "status");
  box.drop = element("div", "drop");
  field.append(box.go, input, box.clear, box.camera, list);
  root.append(field, chooser, box.chips, box.notice, box.drop);
  input.oninput = () => suggest(box);
  input.onfocus = () => {
    if (!input.value) suggest(box);
  };
  input.onblur = () => unfold(box, false);
  input.onkeydown = (event) => onKey(box, event);
  chooser.onchange = () => {
    give(box, chooser.files[0]);
    chooser.value = "";
  };
  root.box = box;
  unfold(box, false);
  return box;
}

function fill(box, data) {
  const { words } = data;
  box.words = words;
  box.locale = data.locale;
  box.limit = data.limit_bytes;
  box.input.placeholder = data.picture ? words.add_words : words.placeholder;
  box.input.maxLength = data.limit_characters;
  box.input.setAttribute("aria-label", words.search);
  box.list.setAttribute("aria-label", words.suggestions);
  const labels = [
    [box.go, words.go],
    [box.clear, words.clear],
    [box.camera, words.by_picture],
  ];
  for (const [made, label] of labels) {
    made.title = label;
    made.setAttribute("aria-label", label);
  }
  box.chips.setAttribute("aria-label", words.filters);
  box.drop.textContent = words.drop;
  box.candidates = data.candidates.map(([kind, insert, label, count]) => [
    kind,
    { text: insert, plain: plain(insert) },
    { text: label, plain: plain(label) },
    count,
  ]);
  if (box.submitted === data.query) {
    // the box has it already, and perhaps more by now
    box.shown = data.query;
    box.submitted = null;
  } else if (box.shown !== data.query) {
    // else somebody may be typing
    box.shown = box.input.value = data.query;
    box.submitted = null;
    remember(data.query);
  }
  box.chips.replaceChildren(...data.chips.map((chip) => drawChip(box, chip)));
  box.chips.hidden = !data.chips.length;
  tell(box, data.notice);
}

export default function ({ parentElement, data, setTriggerValue }) {
  Object.assign(ICONS, data.icons);
  const box = parentElement.querySelector(".box")?.box ?? build();
  if (!box.root.isConnected) parentElement.append(box.root);
  box.say = setTriggerValue;
  fill(box, data);
  box.stop?.();
  box.stop = listen(box);
  return box.stop;
}
