// What holds around every page. data = {words}.

// The history. Streamlit writes each change of the address as an entry of its own. Another open
// photo takes the place of the one before; so does what is left when a photo is closed, a twin of
// the entry below it, which one Back leaves together with that.

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
  let left = entry();
  addEventListener("popstate", () => {
    const before = left;
    left = entry();
    if (before.isTwin && !left.isTwin && before.rest === left.rest) history.back();
  });
  history.pushState = (state, title, target) => {
    const now = parts(location.href),
      then = parts(target);
    if (now.rest !== then.rest) push(state, title, target);
    else if (now.photo === null && then.photo !== null)
      push({ ...state, isOpened: true }, title, target);
    else if (then.photo !== null) replace(history.state, title, target);
    else
      replace(
        { ...state, isTwin: Boolean(history.state?.isOpened || history.state?.isTwin) },
        title,
        target,
      );
    left = entry();
  };
}

function entry() {
  return { rest: parts(location.href).rest, isTwin: Boolean(history.state?.isTwin) };
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
  [
    "lost",
    /Streamlit server is not responding|Is Streamlit still running|Cannot connect to Streamlit/,
  ],
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
  for (const [at, text] of [
    [title, words[which].title],
    [ours, words[which].message],
  ])
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
