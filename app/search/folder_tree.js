// The folders of the library as a tree; one of them can be chosen.
// data = {folders, chosen, off, words}; folders = [[path, photos]] in order, as "/Pictures/2019/Rome/".
// `chosen` = the folders that the query names: each may be anything that a person can type.
// Names are other people's text: they are only ever set as text.

import { button, element, switchOff } from "../ui/elements.js";

function parent(path) {
  return path.replace(/[^/]*\/$/, "");
}

function isBelow(path, folder) {
  return path !== folder && path.startsWith(folder);
}

function draw(tree, path) {
  const { name, photos, below } = tree.nodes.get(path);
  const item = element("li", "node");
  const row = element("div", "row");
  const choice = button("folder");
  choice.append(
    element("bdi", "name", name),
    element("span", "count", photos.toLocaleString(tree.locale)),
  );
  choice.title = name;
  choice.dataset.path = path;
  const pressed = tree.chosen.includes(path);
  choice.setAttribute("aria-pressed", pressed);
  choice.onclick = () => tree.say("chosen", pressed ? "" : path);
  const inner = element("ul", "list");
  inner.hidden = true;
  if (below.length) row.append(unfolder(tree, path, item, inner, below));
  else row.append(element("span", "leaf"));
  row.append(choice);
  item.append(row, inner);
  return item;
}

function unfolder(tree, path, item, inner, below) {
  const toggle = button("toggle");
  toggle.setAttribute(
    "aria-label",
    tree.words.unfold.replace("{folder}", tree.nodes.get(path).name),
  );
  const turn = (open) => {
    if (open && !inner.childElementCount) inner.append(...below.map((one) => draw(tree, one)));
    inner.hidden = !open;
    toggle.setAttribute("aria-expanded", open);
    if (open) tree.open.add(path);
    else tree.open.delete(path);
  };
  toggle.onclick = () => turn(inner.hidden);
  turn(tree.open.has(path));
  return toggle;
}

function nodesOf(folders) {
  const nodes = new Map();
  for (const [path, photos] of folders) {
    nodes.set(path, { name: path.split("/").at(-2), photos, below: [] });
  }
  const tops = [];
  for (const path of nodes.keys()) (nodes.get(parent(path))?.below ?? tops).push(path);
  return { nodes, tops };
}

export default function ({ parentElement, data, setTriggerValue }) {
  let root = parentElement.querySelector(".tree");
  if (!root) {
    root = element("ul", "tree list");
    parentElement.append(root);
  }
  switchOff(root, data.off);
  const { nodes, tops } = nodesOf(data.folders);
  const tree = {
    nodes,
    chosen: data.chosen,
    words: data.words,
    locale: data.locale,
    say: setTriggerValue,
  };
  tree.open = root.open ??= new Set(tops.length === 1 ? tops : []);
  for (const path of nodes.keys())
    if (data.chosen.some((one) => isBelow(one, path))) tree.open.add(path);
  const focused = root.getRootNode().activeElement?.dataset?.path;
  root.replaceChildren(...tops.map((path) => draw(tree, path)));
  if (focused)
    [...root.querySelectorAll(".folder")].find((one) => one.dataset.path === focused)?.focus();
}
