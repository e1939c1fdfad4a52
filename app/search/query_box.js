// The query box: what is typed, what could be meant, what holds already, and a picture to search by.
// data = {query, chips, candidates, icons, picture, limit_bytes, limit_characters, notice, locale, words}
// A chip = {label, kind, rest, src}: without it the query is `rest`. Candidates are those of
// completion.js.
// Names are other people's text: they are only ever set as text and as attributes.

import { Component, drawn } from "../ui/component.js";
import { button, element, setLabel, takesText } from "../ui/elements.js";
import { completions, foldedCandidates } from "./completion.js";
import { icon } from "./icons.js";
import { PictureIntake } from "./picture_intake.js";
import { recentQueries, rememberQuery } from "./recent_queries.js";

function iconButton(className, kind, onClick) {
  const made = button(className);
  made.append(icon(kind));
  made.onclick = onClick;
  return made;
}

class QueryBox extends Component {
  root = element("div", "box");
  #input = element("input", "query");
  #chooser = element("input", "chooser"); // of a file
  #list = element("ul", "options");
  #chips = element("ul", "chips");
  #notice = element("p", "notice");
  #drop = element("div", "drop");
  #clear = iconButton("clear", "cross", () => this.#empty());
  #camera = iconButton("give", "picture", () => this.#chooser.click());
  #go = iconButton("go", "search", () => this.#submit());
  #intake = new PictureIntake(this, this.#notice);
  #options = [];
  #active = -1; // the place of the option that Enter chooses
  #candidates = [];
  #icons;
  #words;
  #locale;
  #shown; // the query of the page, as it was put into the box
  #submitted = null; // the query that the page has not shown yet

  constructor() {
    super();
    const field = element("div", "field");
    field.append(this.#go, this.#input, this.#clear, this.#camera, this.#list);
    this.root.append(field, this.#chooser, this.#chips, this.#notice, this.#drop);
    this.#notice.setAttribute("role", "status");
    this.#list.id = "options";
    this.#list.setAttribute("role", "listbox");
    this.#prepareInput();
    this.#prepareChooser();
    this.#unfold(false);
  }

  #prepareInput() {
    const input = this.#input;
    const text = { type: "text", autocomplete: "off", spellcheck: false, enterKeyHint: "search" };
    Object.assign(input, text);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", "options");
    input.oninput = () => this.#suggest();
    input.onfocus = () => {
      if (!input.value) this.#suggest();
    };
    input.onblur = () => this.#unfold(false);
    input.onkeydown = (event) => this.#onKey(event);
  }

  #prepareChooser() {
    const chooser = this.#chooser;
    Object.assign(chooser, { type: "file", accept: "image/*", hidden: true });
    chooser.onchange = () => {
      this.#intake.take(chooser.files[0]);
      chooser.value = "";
    };
  }

  update(data) {
    this.#words = data.words;
    this.#icons = data.icons;
    this.#locale = data.locale;
    this.#candidates = foldedCandidates(data.candidates);
    this.#setLabels(data);
    this.#setQuery(data.query);
    this.#chips.replaceChildren(...data.chips.map((chip) => this.#drawChip(chip)));
    this.#chips.hidden = !data.chips.length;
    this.#drop.textContent = data.words.drop;
    this.#intake.update(data);
  }

  #setLabels({ words, picture, limit_characters: limit }) {
    this.#input.placeholder = picture ? words.add_words : words.placeholder;
    this.#input.maxLength = limit;
    this.#input.setAttribute("aria-label", words.search);
    this.#list.setAttribute("aria-label", words.suggestions);
    this.#chips.setAttribute("aria-label", words.filters);
    setLabel(this.#go, words.go);
    setLabel(this.#clear, words.clear);
    setLabel(this.#camera, words.by_picture);
  }

  #setQuery(query) {
    if (this.#submitted === query) {
      this.#shown = query; // the box has it already, and perhaps more by now
      this.#submitted = null;
    } else if (this.#shown !== query) {
      this.#shown = this.#input.value = query; // else somebody may be typing
      this.#submitted = null;
      rememberQuery(query);
    }
    this.root.dataset.query = query; // shows which query the page has answered
  }

  // "/" goes to the box, as elsewhere
  connect(signal) {
    this.#intake.connect(signal);
    const onKeydown = (event) => {
      const isTyped = takesText(event.composedPath()[0]);
      if (event.key !== "/" || isTyped || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#input.focus();
    };
    document.addEventListener("keydown", onKeydown, { signal });
  }

  #empty() {
    this.#input.value = "";
    this.#input.focus();
    this.#suggest();
    this.send("asked", "");
  }

  #submit() {
    this.#unfold(false);
    const query = (this.#input.value = this.#input.value.trim());
    rememberQuery(query);
    this.#submitted = query;
    this.send("asked", query);
  }

  // suggestions

  #suggest() {
    const { value: text, selectionStart } = this.#input;
    const caret = selectionStart ?? text.length;
    const { named } = this.#words;
    this.#options = completions(text, caret, this.#candidates, recentQueries(), named);
    this.#active = -1;
    this.#list.replaceChildren(...this.#options.map((option, at) => this.#drawOption(option, at)));
    this.#unfold(this.#options.length > 0);
  }

  #drawOption(option, at) {
    const item = element("li", "option");
    item.id = `option-${at}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(icon(option.kind, this.#icons), element("bdi", "label", option.label));
    if (option.note) item.append(element("bdi", "note", option.note));
    if (option.count) {
      item.append(element("span", "count", option.count.toLocaleString(this.#locale)));
    }
    item.onpointerdown = (event) => event.preventDefault(); // the box keeps the keyboard
    item.onclick = () => this.#choose(option);
    return item;
  }

  #unfold(open) {
    this.#list.hidden = !open;
    this.#input.setAttribute("aria-expanded", open);
    if (!open) this.#activate(-1);
  }

  #activate(at) {
    this.#active = at;
    const items = [...this.#list.children];
    items.forEach((item, place) => item.setAttribute("aria-selected", place === at));
    if (at < 0) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    this.#input.setAttribute("aria-activedescendant", `option-${at}`);
    items[at].scrollIntoView({ block: "nearest" });
  }

  #choose(option) {
    this.#input.value = option.query;
    if (option.open) {
      this.#input.focus();
      this.#suggest();
    } else {
      this.#submit();
    }
  }

  #onKey(event) {
    if (event.isComposing) return; // Enter chooses a character of an input method
    const count = this.#list.hidden ? 0 : this.#options.length;
    const active = this.#active;
    if (event.key === "Enter") {
      if (active >= 0) this.#choose(this.#options[active]);
      else this.#submit();
    } else if (event.key === "ArrowDown" && !count) this.#suggest();
    else if (event.key === "ArrowDown") this.#activate((active + 1) % count);
    else if (event.key === "ArrowUp" && count) this.#activate((active > 0 ? active : count) - 1);
    else if (event.key === "Escape" && count) this.#unfold(false);
    else return;
    event.preventDefault();
  }

  // chips

  #drawChip(chip) {
    const item = element("li", "chip");
    const remove = iconButton("cross", "cross", () => this.#removeChip(chip));
    remove.setAttribute("aria-label", this.#words.remove.replace("{filter}", chip.label));
    const picture = chip.src ? thumbnail(chip.src) : icon(chip.kind, this.#icons);
    item.append(picture, element("bdi", "label", chip.label), remove);
    return item;
  }

  #removeChip(chip) {
    this.#input.focus();
    if (chip.kind === "picture") this.send("unpictured", true);
    else this.send("asked", chip.rest);
  }
}

function thumbnail(src) {
  const image = element("img", "thumb");
  image.src = src;
  image.alt = "";
  return image;
}

export default drawn(QueryBox);
