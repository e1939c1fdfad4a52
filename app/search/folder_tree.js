// The folders of the library as a tree; one of them can be chosen.
// data = {folders, chosen, locale, off, words}; folders are those of folders.js.
// `chosen` = the folders that the query names: each may be anything that a person can type.
// Names are other people's text: they are only ever set as text.

import { Component, drawn } from "../ui/component.js";
import { button, element, switchOff } from "../ui/elements.js";
import { pathsAbove, treeOf } from "./folders.js";

class FolderTree extends Component {
  root = element("ul", "tree list");
  #open; // the paths of folders that are unfolded
  #nodes;
  #data;

  update(data) {
    switchOff(this.root, data.off);
    const { nodes, tops } = treeOf(data.folders);
    this.#nodes = nodes;
    this.#data = data;
    this.#open ??= new Set(tops.length === 1 ? tops : []);
    for (const path of pathsAbove(nodes.keys(), data.chosen)) this.#open.add(path);
    const focused = this.root.getRootNode().activeElement?.dataset?.path;
    this.root.replaceChildren(...tops.map((path) => this.#drawFolder(path)));
    if (focused) this.#buttonOf(focused)?.focus();
  }

  #buttonOf(path) {
    return [...this.root.querySelectorAll(".folder")].find((one) => one.dataset.path === path);
  }

  #drawFolder(path) {
    const { below } = this.#nodes.get(path);
    const item = element("li", "node");
    const row = element("div", "row");
    const inner = element("ul", "list");
    inner.hidden = true;
    row.append(below.length ? this.#drawToggle(path, inner) : element("span", "leaf"));
    row.append(this.#drawChoice(path));
    item.append(row, inner);
    return item;
  }

  #drawChoice(path) {
    const { name, photos } = this.#nodes.get(path);
    const choice = button("folder");
    const count = element("span", "count", photos.toLocaleString(this.#data.locale));
    choice.append(element("bdi", "name", name), count);
    choice.title = name;
    choice.dataset.path = path;
    const pressed = this.#data.chosen.includes(path);
    choice.setAttribute("aria-pressed", pressed);
    choice.onclick = () => this.send("chosen", pressed ? "" : path);
    return choice;
  }

  #drawToggle(path, inner) {
    const { name, below } = this.#nodes.get(path);
    const toggle = button("toggle");
    toggle.setAttribute("aria-label", this.#data.words.unfold.replace("{folder}", name));
    const turn = (open) => {
      if (open && !inner.childElementCount) {
        inner.append(...below.map((one) => this.#drawFolder(one)));
      }
      inner.hidden = !open;
      toggle.setAttribute("aria-expanded", open);
      if (open) this.#open.add(path);
      else this.#open.delete(path);
    };
    toggle.onclick = () => turn(inner.hidden);
    turn(this.#open.has(path));
    return toggle;
  }
}

export default drawn(FolderTree);
