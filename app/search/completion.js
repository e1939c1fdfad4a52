// What a person could mean by the word that is being typed. Pure.
// A candidate = [kind, insert, label, count]; one whose `insert` ends with a colon goes on being
// typed. What is offered = {kind, label, query, note, count, open}: choosing it makes `query` the
// text of the box.

const SHOWN = 8;
const RECENT_SHOWN = 2;

// What closes each quote; the query language has the same ones.
const ROUND = "“”„‟＂";
const CLOSING = { '"': '"', "«": "»", "»": "«", "「": "」", "『": "』" };
for (const quote of ROUND) CLOSING[quote] = ROUND;
const QUOTE = /["“”„‟＂«»「」『』]/gu;

// The word at the caret, and where it begins; quotes hold words together.
export function wordAt(text, caret) {
  let start = 0;
  let closing = "";
  for (let at = 0; at < caret; at++) {
    if (closing) closing = closing.includes(text[at]) ? "" : closing;
    else if (CLOSING[text[at]]) closing = CLOSING[text[at]];
    else if (/\s/.test(text[at])) start = at + 1;
  }
  return { start, word: text.slice(start, caret) };
}

// Small letters without accents, as they are compared.
export function folded(text) {
  return text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
}

// 0: begins so; 1: one of its words does; 2: it is in it; else NONE, no match
export const NONE = 3;

export function rank(text, typed) {
  const at = text.indexOf(typed);
  if (at <= 0) return at === 0 ? 0 : NONE;
  if (/[\s/:"]/.test(text[at - 1])) return 1;
  return typed.length > 2 ? 2 : NONE; // "on" is in every Nikon
}

// The candidates with their texts folded, once for many keys.
export function foldedCandidates(candidates) {
  return candidates.map(([kind, insert, label, count]) => ({
    kind,
    insert,
    label,
    count,
    foldedInsert: folded(insert),
    foldedLabel: folded(label),
  }));
}

// What matches the word that is typed in `text`, the best first: of the queries of before and of
// the candidates. `named` names a search for a part of a file's name: "{name}" is that part.
export function completions(text, caret, candidates, recent, named) {
  if (!text.trim()) return recent.map(asRecent);
  const { start, word } = wordAt(text, caret);
  const minus = /^[-－−]/u.test(word) ? "-" : "";
  const bare = word.slice(minus.length).replace(QUOTE, "");
  const typed = folded(bare);
  if (typed.length < 2) return [];
  const put = (insert) => text.slice(0, start) + minus + insert + text.slice(caret);
  const earlier = recent.filter(
    (query) => query !== text && folded(query).startsWith(folded(text)),
  );
  return [
    ...earlier.slice(0, RECENT_SHOWN).map(asRecent),
    ...matching(candidates, typed).map(({ kind, label, insert, count }) => ({
      kind,
      label,
      note: insert,
      count,
      query: put(insert),
      open: insert.endsWith(":"),
    })),
    ...(mayBeFileName(bare, typed) ? [asFileName(bare, put, named)] : []),
  ].slice(0, SHOWN);
}

// A label counts more than what it inserts; alike ones stay in their order.
function matching(candidates, typed) {
  const matches = [];
  for (const candidate of candidates) {
    const label = rank(candidate.foldedLabel, typed);
    const order = label < NONE ? label : NONE + rank(candidate.foldedInsert, typed);
    if (order < 2 * NONE) matches.push({ order, candidate });
  }
  return matches
    .toSorted((one, other) => one.order - other.order)
    .map(({ candidate }) => candidate);
}

function mayBeFileName(bare, typed) {
  return /[\d.]/.test(bare) && !/[\s:/]/.test(typed);
}

function asFileName(bare, put, named) {
  const label = named.replace("{name}", () => bare);
  return { kind: "picture", label, note: `name:${bare}`, query: put(`name:${bare} `) };
}

function asRecent(query) {
  return { kind: "recent", label: query, query };
}
