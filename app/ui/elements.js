// Makes elements. Texts are set as text, never as HTML.

export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function button(className, text) {
  const made = element("button", className, text);
  made.type = "button";
  return made;
}

// What a button without words says to who points at it, and to a screen reader.
export function setLabel(made, label) {
  made.title = label;
  made.setAttribute("aria-label", label);
}

// What has the keyboard, in whichever shadow it stands.
export function focused() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

const WITHOUT_TEXT = ["range", "checkbox", "radio", "button", "submit", "reset", "file", "color"];

// Whether what is typed while this element has the focus goes into it.
export function takesText(at) {
  const field = at?.closest?.("input, textarea, select, [contenteditable]");
  return Boolean(field) && !(field.matches("input") && WITHOUT_TEXT.includes(field.type));
}

// One that is off can be seen, but neither clicked nor reached by the keyboard.
export function switchOff(root, off) {
  root.inert = off;
  root.style.opacity = off ? 0.45 : "";
}
