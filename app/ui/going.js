// Clicks the link that stands beside it, once for each name: data = {name}.

import { Component, drawn } from "./component.js";

class Going extends Component {
  #name;
  #followed;

  update({ name }) {
    this.#name = name;
    this.#follow();
  }

  connect(signal) {
    const added = new MutationObserver(() => this.#follow());
    added.observe(document.body, { childList: true, subtree: true });
    signal.addEventListener("abort", () => added.disconnect());
  }

  #follow() {
    const link = document.querySelector(".st-key-going a");
    if (!link || this.#followed === this.#name) return;
    this.#followed = this.#name;
    link.click();
  }
}

export default drawn(Going);
