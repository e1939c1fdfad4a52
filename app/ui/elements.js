// Makes elements; goes in front of a component's own script. Texts are set as text, never as HTML.

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// One that is off can be seen, but neither clicked nor reached by the keyboard.
function switchOff(root, off) {
  root.inert = off;
  root.style.opacity = off ? 0.45 : "";
}

function button(className, text) {
  const made = element("button", className, text);
  made.type = "button";
  return made;
}
