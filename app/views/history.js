// The history of the browser's tab. Streamlit writes each change of the address as an entry of its
// own. Another open photo takes the place of the one before; so does what is left when a photo is
// closed, a twin of the entry below it, which one Back leaves together with that.

// An address apart from the photo that is open in it.
export function parts(href, base) {
  const url = new URL(href, base);
  const photo = url.searchParams.get("photo");
  url.searchParams.delete("photo");
  return { rest: `${url.pathname}?${url.searchParams}`, photo };
}

// How an entry of the history follows the one before: the method that writes it, and its state.
// `left` is the state of the one before, `state` the one that Streamlit gives. Pure.
export function step(now, then, left, state) {
  if (now.rest !== then.rest) return { method: "push", state };
  if (then.photo !== null) {
    return now.photo === null
      ? { method: "push", state: { ...state, isOpened: true } }
      : { method: "replace", state: left };
  }
  const isTwin = Boolean(left?.isOpened || left?.isTwin);
  return { method: "replace", state: { ...state, isTwin } };
}

function current() {
  return parts(location.href);
}

function entry() {
  return { rest: current().rest, isTwin: Boolean(history.state?.isTwin) };
}

// Once a tab, whatever frame asks for it.
export function rewriteHistory() {
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
  history.pushState = (given, title, target) => {
    const then = parts(target, location.href);
    const { method, state } = step(current(), then, history.state, given);
    (method === "push" ? push : replace)(state, title, target);
    left = entry();
  };
}
