// The months of a library as bars of a histogram. Pure. months = [[label, photos]], one after the
// other without gaps.

const BARS = 48;

// How many months share a bar.
export function monthsOfABar(months) {
  return Math.ceil(months.length / BARS);
}

// The bars: the place of the first month of each, and its photos.
export function barsOf(months) {
  const step = monthsOfABar(months);
  const bars = [];
  for (let at = 0; at < months.length; at += step) {
    const photos = months.slice(at, at + step).reduce((sum, [, count]) => sum + count, 0);
    bars.push({ at, photos });
  }
  return bars;
}

// In percent. Of the root, so that a wedding does not hide the years around it.
export function heightOf(photos, most) {
  return photos ? Math.max(6, 100 * Math.sqrt(photos / most)) : 0;
}
