// Takes a picture on a page without a query box: data = {limit_bytes, notice, words}.

import { Component, drawn } from "../ui/component.js";
import { element } from "../ui/elements.js";
import { PictureIntake } from "./picture_intake.js";

class PictureDrop extends Component {
  root = element("div", "taker");
  #notice = element("p", "notice");
  #drop = element("div", "drop");
  #intake = new PictureIntake(this, this.#notice);

  constructor() {
    super();
    this.#notice.setAttribute("role", "status");
    this.root.append(this.#notice, this.#drop);
  }

  update(data) {
    this.#drop.textContent = data.words.drop;
    this.#intake.update(data);
  }

  connect(signal) {
    this.#intake.connect(signal);
  }
}

export default drawn(PictureDrop);
