// Makes elements. Texts are set as text, never as HTML.

export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// One that is off can be seen, but neither clicked nor reached by the keyboard.
export function switchOff(root, off) {
  root.inert = off;
  root.style.opacity = off ? 0.45 : "";
}

export function button(className, text) {
  const made = element("button", className, text);
  made.type = "button";
  return made;
}
