// What holds around every page. data = {words}.

// The history. Streamlit writes each change of the address as an entry of its own. Another open
// photo takes the place of the one before, and closing a photo goes back to what was before it.

function parts(href) {
  const url = new URL(href, location.href);
  const photo = url.searchParams.get("photo");
  url.searchParams.delete("photo");
  return { rest: `${url.pathname}?${url.searchParams}`, photo };
}

function rewriteHistory() {
  if (history.isRecollects) return;
  history.isRecollects = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let waiting = null; // what is pushed while the browser goes back
  const goOn = () => {
    const later = waiting ?? [];
    waiting = null;
    for (const one of later) history.pushState(...one);
  };
  addEventListener("popstate", (event) => {
    if (!waiting) return;
    event.stopImmediatePropagation(); // the page knows it already: it has closed the photo
    goOn();
  }, true);
  history.pushState = (state, title, target) => {
    if (waiting) return void waiting.push([state, title, target]);
    const now = parts(location.href), then = parts(target);
    const isSame = now.rest === then.rest;
    if (isSame && now.photo !== null && then.photo !== null) return replace(history.state, title, target);
    if (isSame && now.photo !== null && history.state?.under === then.rest) {
      waiting = [];
      return history.back();
    }
    if (isSame && (now.photo !== null || then.photo === null)) return replace(state, title, target);
    push(isSame ? { ...state, under: now.rest } : state, title, target);
  };
}

// Escape unticks the photos, where it does not close or leave something else.

function isBusy() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const isTyping = at?.closest("input, textarea, select, [contenteditable]");
  return isTyping || document.querySelector("[role=dialog], [data-baseweb=popover]");
}

function onKey(event) {
  if (event.key !== "Escape" || isBusy()) return;
  document.querySelector(".st-key-selection_clear button")?.click();
}

// Our words in place of Streamlit's, where the server does not answer and where there is no such
// page. They were sent before.

const THEIRS = [
  ["lost", /Streamlit server is not responding|Is Streamlit still running|Cannot connect to Streamlit/],
  ["missing", /Running the app's main page/],
];

function watchDialogs(frame) {
  const look = () => {
    for (const dialog of document.querySelectorAll("[role=dialog]")) speak(dialog, frame.words);
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  look();
  return observer;
}

function speak(dialog, words) {
  const [which] = THEIRS.find(([, theirs]) => theirs.test(dialog.textContent)) ?? [];
  const title = dialog.querySelector("[slot=title]");
  if (!which || !title) return;
  let ours = dialog.querySelector(".recollect-words");
  if (!ours) {
    ours = document.createElement("p");
    ours.className = "recollect-words";
    dialog.append(ours);
  }
  for (const [at, text] of [[title, words[which].title], [ours, words[which].message]])
    if (at.textContent !== text) at.textContent = text; // else the observer would never rest
  for (const one of dialog.children)
    if (one.tagName === "DIV" && one.style.display !== "none") one.style.display = "none";
}

export default function ({ parentElement, data }) {
  rewriteHistory();
  const frame = (parentElement.frame ??= {});
  frame.words = data.words;
  frame.observer ??= watchDialogs(frame);
  document.addEventListener("keydown", onKey, true); // before a dialog that it closes is gone
  return () => {
    document.removeEventListener("keydown", onKey, true);
    frame.observer?.disconnect();
    frame.observer = null;
  };
}
