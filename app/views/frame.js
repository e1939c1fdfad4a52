// What holds around every page. data = {words}.

import { Component, drawn } from "../ui/component.js";
import { focused, takesText } from "../ui/elements.js";
import { rewriteHistory } from "./history.js";

// Our words in place of Streamlit's, where the server does not answer and where there is no such
// page. They were sent before.
const THEIRS = [
  [
    "lost",
    /Streamlit server is not responding|Is Streamlit still running|Cannot connect to Streamlit/,
  ],
  ["missing", /Running the app's main page/],
];

function isBusy() {
  return takesText(focused()) || document.querySelector("[role=dialog], [data-baseweb=popover]");
}

// Escape unticks the photos, where it does not close or leave something else. A dialog that has lost
// the keyboard, with the button that had it, does not hear of Escape.
function onKey(event) {
  if (event.key !== "Escape") return;
  const isLost = document.activeElement === document.body;
  const close = isLost && document.querySelector("[role=dialog] button[aria-label=Close]");
  if (close) close.click();
  else if (!isBusy()) document.querySelector(".st-key-selection_clear button")?.click();
}

class Frame extends Component {
  #words;

  update(data) {
    rewriteHistory();
    this.#words = data.words;
  }

  connect(signal) {
    // before a dialog that it closes is gone
    document.addEventListener("keydown", onKey, { capture: true, signal });
    const observer = new MutationObserver(() => this.#rewordDialogs());
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    signal.addEventListener("abort", () => observer.disconnect());
    this.#rewordDialogs();
  }

  #rewordDialogs() {
    for (const dialog of document.querySelectorAll("[role=dialog]")) {
      const [which] = THEIRS.find(([, theirs]) => theirs.test(dialog.textContent)) ?? [];
      const title = dialog.querySelector("[slot=title]");
      if (which && title) reword(dialog, title, this.#words[which]);
    }
  }
}

function reword(dialog, title, words) {
  let ours = dialog.querySelector(".recollect-words");
  if (!ours) {
    ours = document.createElement("p");
    ours.className = "recollect-words";
    dialog.append(ours);
  }
  for (const [at, text] of [
    [title, words.title],
    [ours, words.message],
  ]) {
    if (at.textContent !== text) at.textContent = text; // else the observer would never rest
  }
  for (const one of dialog.children) {
    if (one.tagName === "DIV" && one.style.display !== "none") one.style.display = "none";
  }
}

export default drawn(Frame);
