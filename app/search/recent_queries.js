// The queries that were asked in this browser, the last first. They stay in it.

const KEY = "recollect-recent";
const MOST = 12;

export function recentQueries() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(stored) ? stored.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function rememberQuery(query) {
  if (!query) return;
  try {
    const others = recentQueries().filter((one) => one !== query);
    localStorage.setItem(KEY, JSON.stringify([query, ...others].slice(0, MOST)));
  } catch {
    // a browser that stores nothing
  }
}
