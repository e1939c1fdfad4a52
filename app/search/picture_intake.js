// Takes a picture to search by, from whatever the browser hands over. It belongs to a component,
// whose element has the class "dropping" while a picture is held over the page.

function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

function hasFiles(transfer) {
  return [...(transfer?.items ?? [])].some((item) => item.kind === "file");
}

export class PictureIntake {
  #component;
  #notice; // the element that shows what went wrong
  #limit;
  #words;

  constructor(component, notice) {
    this.#component = component;
    this.#notice = notice;
  }

  // data = {limit_bytes, notice, words}
  update(data) {
    this.#limit = data.limit_bytes;
    this.#words = data.words;
    this.#notify(data.notice);
  }

  take(file) {
    if (!file) return;
    if (file.size > this.#limit) {
      this.#notify(this.#words.too_large);
      return;
    }
    const reader = new FileReader();
    reader.onload = () => {
      this.#notify(this.#words.looking);
      const data = reader.result.slice(reader.result.indexOf(",") + 1);
      this.#component.send("picture", { name: file.name, data });
    };
    reader.onerror = () => this.#notify(this.#words.unreadable);
    reader.readAsDataURL(file);
  }

  // Anywhere on the page a picture can be dropped, and pasted where nothing else takes it.
  connect(signal) {
    const { classList } = this.#component.root;
    const on = (name, listener) => document.addEventListener(name, listener, { signal });
    on("dragover", (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      classList.add("dropping");
    });
    on("dragleave", (event) => {
      if (!event.relatedTarget) classList.remove("dropping");
    });
    on("drop", (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      classList.remove("dropping");
      const picture = pictureIn(event.dataTransfer);
      if (picture) this.take(picture);
      else this.#notify(this.#words.unreadable);
    });
    on("paste", (event) => {
      const picture = pictureIn(event.clipboardData);
      if (!picture) return;
      event.preventDefault();
      this.take(picture);
    });
  }

  #notify(text) {
    this.#notice.textContent = text ?? "";
  }
}
