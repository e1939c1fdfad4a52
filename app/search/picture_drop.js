// Takes a picture on a page without a query box: data = {limit_bytes, notice, words}.
//

import { element } from "../ui/elements.js";
import { listenForPictures, tell } from "./picture_intake.js";

function build() {
  const root = element("div", "taker");
  const notice = element("p", "notice");
  notice.setAttribute("role", "status");
  const drop = element("div", "drop");
  root.append(notice, drop);
  root.taker = { root, notice, drop };
  return root;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".taker") ?? build();
  if (!root.isConnected) parentElement.append(root);
  const { taker } = root;
  taker.words = data.words;
  taker.limit = data.limit_bytes;
  taker.say = setTriggerValue;
  taker.drop.textContent = data.words.drop;
  tell(taker, data.notice);
  taker.stop?.();
  taker.stop = listenForPictures(taker);
  return taker.stop;
}
