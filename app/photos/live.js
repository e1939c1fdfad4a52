// The film of a Live Photo, over its still while it plays. It is fetched when it is first played; what
// the browser cannot play leaves the still as it is.

import { element } from "../ui/elements.js";

const CALM = "(prefers-reduced-motion: reduce)";

export class Live {
  video = element("video", "live");
  onEnd = () => {};
  #still;
  #src;

  constructor(still) {
    this.#still = still;
    this.video.hidden = true;
    this.video.playsInline = true;
    this.video.preload = "none";
    this.video.tabIndex = -1;
    this.video.setAttribute("aria-hidden", "true"); // the still says what it shows
    this.video.onplaying = () => this.#show();
    this.video.onended = () => this.stop();
  }

  update(src) {
    if (src === this.#src) return; // it may be playing
    this.stop();
    this.#src = src;
    this.video.removeAttribute("src");
  }

  // While the pointer is on it, without sound, unless the visitor wants no motion.
  playIfWelcome() {
    if (!matchMedia(CALM).matches) this.play(false);
  }

  play(withSound) {
    if (!this.#src) return;
    if (!this.video.getAttribute("src")) this.video.src = this.#src;
    this.video.muted = !withSound;
    this.video.currentTime = 0;
    this.video.play().catch(() => this.stop()); // another stop() may have come first
  }

  stop() {
    this.video.pause();
    this.video.hidden = true;
    this.onEnd();
  }

  #show() {
    const {
      offsetLeft: left,
      offsetTop: top,
      clientWidth: width,
      clientHeight: height,
    } = this.#still;
    const box = { left, top, width, height };
    for (const [side, px] of Object.entries(box)) this.video.style[side] = `${px}px`;
    this.video.hidden = false;
  }
}
