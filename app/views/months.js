// The months of the timeline. Pure. A month is a text as "2019-06".

export function ordered(one, other) {
  return one <= other ? [one, other] : [other, one];
}

export function isWithin(span, month) {
  return Boolean(span && span[0] <= month && month <= span[1]);
}

export function spanOfYear(year) {
  return [`${year}-01`, `${year}-12`];
}

// The twelve of a year.
export function monthsOf(year) {
  return Array.from({ length: 12 }, (_, at) => `${year}-${String(at + 1).padStart(2, "0")}`);
}

// Of the year, from 1.
export function numberOf(month) {
  return Number(month.slice(5));
}
