// A video that plays from a moment, and the strip of its frames; what this browser cannot play it
// shows by the strip alone, with a sentence.
// film = {src, at, frames: [{at, text, src}], unplayable, moment}; null of a photo.

import { button, element } from "../ui/elements.js";

export class Film {
  video = element("video", "video");
  strip = element("div", "strip");
  notice = element("p", "notice");
  isPlayable = false;
  #src;
  #show; // shows a picture in the video's place

  constructor(show) {
    this.#show = show;
    this.video.controls = true;
    this.video.playsInline = true;
    this.video.preload = "metadata";
    this.video.onerror = () => this.#giveUp();
    // a file of which the browser knows the sound alone
    this.video.onloadedmetadata = () => this.video.videoWidth || this.#giveUp();
  }

  update(film, poster) {
    const src = film?.src ? `${film.src}#t=${film.at}` : undefined;
    if (src === this.#src && film) return; // it may be playing
    this.#src = src;
    this.isPlayable = Boolean(src);
    this.video.hidden = !src;
    this.notice.hidden = true;
    this.strip.hidden = !film?.frames.length;
    if (src) {
      this.video.poster = poster;
      this.video.src = src;
    } else {
      this.video.removeAttribute("src");
      this.video.load(); // ends what was playing
    }
    this.notice.textContent = film?.unplayable ?? "";
    this.strip.replaceChildren(
      ...(film?.frames ?? []).map((frame) => this.#drawFrame(frame, film)),
    );
  }

  #drawFrame({ at, text, src }, { moment }) {
    const drawing = button("frame");
    drawing.setAttribute("aria-label", moment.replace("{moment}", text));
    drawing.onclick = () => (this.isPlayable ? this.#playFrom(at) : this.#show(src));
    const image = element("img", "still");
    image.loading = "lazy";
    image.alt = "";
    image.src = src;
    drawing.append(image, element("span", "time", text));
    return drawing;
  }

  #playFrom(at) {
    this.video.currentTime = at;
    this.video.play().catch(() => {}); // the browser may forbid it: the frame is shown all the same
  }

  #giveUp() {
    if (!this.isPlayable) return;
    this.isPlayable = false;
    this.video.hidden = true;
    this.notice.hidden = false;
    this.#show(this.video.poster);
  }
}
