// Draws one photo with its facts: data = {name, alt, src, notice, facts, previous, next, words}.
// Names are other people's text: they are only ever set as text and as attributes.

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function stepper(className, sign, by, onStep) {
  const button = element("button", `step ${className}`, sign);
  button.type = "button";
  button.onclick = () => onStep(by);
  return button;
}

function build(onStep) {
  const sheet = element("div", "sheet");
  const stage = element("div", "stage");
  const image = element("img", "picture");
  const nothing = element("div", "nothing");
  const previous = stepper("previous", "‹", -1, onStep);
  const next = stepper("next", "›", 1, onStep);
  stage.append(image, nothing, previous, next);
  const told = element("div", "told");
  const notice = element("p", "notice");
  const name = element("h2", "name");
  const facts = element("dl", "facts");
  told.append(name, notice, facts);
  sheet.append(stage, told);
  sheet.parts = { image, nothing, previous, next, name, notice, facts };
  return sheet;
}

function fill({ image, nothing, previous, next, name, notice, facts }, data) {
  image.hidden = !data.src;
  nothing.hidden = Boolean(data.src);
  nothing.textContent = data.name;
  if (data.src) image.src = data.src;
  image.alt = data.alt;
  previous.setAttribute("aria-label", data.words.previous);
  next.setAttribute("aria-label", data.words.next);
  previous.disabled = !data.previous;
  next.disabled = !data.next;
  previous.hidden = next.hidden = !(data.previous || data.next);
  name.textContent = data.name;
  notice.hidden = !data.notice;
  notice.textContent = data.notice ?? "";
  facts.replaceChildren(
    ...data.facts.flatMap(([label, value]) => [
      element("dt", "label", label),
      element("dd", "value", value),
    ])
  );
}

export default function ({ parentElement, data, setTriggerValue }) {
  const onStep = (by) => setTriggerValue("step", by);
  let sheet = parentElement.querySelector(".sheet");
  if (!sheet) {
    sheet = build(onStep);
    parentElement.append(sheet);
  }
  fill(sheet.parts, data);

  if (sheet.onKey) document.removeEventListener("keydown", sheet.onKey);
  sheet.onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft" && data.previous) onStep(-1);
    if (event.key === "ArrowRight" && data.next) onStep(1);
  };
  document.addEventListener("keydown", sheet.onKey);

  return () => {
    document.removeEventListener("keydown", sheet.onKey);
    setTimeout(() => {
      if (sheet.isConnected) return;
      // the grid takes the keyboard back to this photo
      document.dispatchEvent(new CustomEvent("recollect-closed", { detail: data.id }));
    }, 100); // after the dialog has let go of the focus
  };
}
