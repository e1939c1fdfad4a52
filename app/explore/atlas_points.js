// The points of the atlas, and which of them are lit. Pure. A point is named by its number.

export const SCALE = 65535; // places travel as 16-bit numbers; they go from 0 to 1
const PARTS = 1000; // a corner of an area is in the address in thousandths
const MOST_CORNERS = 60;
const [LEAST_PART, MOST_PART] = [-999, 1999];

function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Kind(bytes.buffer);
}

// points: base64 of little-endian numbers
export function unpack(points) {
  const id = numbers(points.id, Uint32Array);
  return {
    id,
    count: id.length,
    x: numbers(points.x, Uint16Array),
    y: numbers(points.y, Uint16Array),
    group: numbers(points.group, Uint8Array),
    year: numbers(points.year, Int16Array),
  };
}

// The first and the last year.
export function yearsOf({ year }) {
  return [year.reduce((a, b) => Math.min(a, b), 9999), year.reduce((a, b) => Math.max(a, b), 0)];
}

// The numbers of so many groups, those with most points first.
export function largestFirst({ group }, count) {
  const sizes = Array.from({ length: count }, () => 0);
  for (const one of group) if (one < count) sizes[one] += 1;
  return sizes.map((_, at) => at).toSorted((a, b) => sizes[b] - sizes[a]);
}

// The points of a group, or of those within an area; null where neither is chosen: then all are.
export function litPoints(points, group, area) {
  if (group !== null) return those(points, (at) => points.group[at] === group);
  if (area)
    return those(points, (at) => isInside(area, points.x[at] / SCALE, points.y[at] / SCALE));
  return null;
}

function those(points, passes) {
  const found = new Set();
  for (let at = 0; at < points.count; at++) if (passes(at)) found.add(at);
  return found;
}

// The corners of an area, as the address has them.
export function areaOf(parts) {
  return parts && pairs(parts.map((part) => part / PARTS));
}

// A line as the address has it, with few corners; null where it goes around nothing.
export function partsOf(line) {
  const every = Math.ceil(line.length / MOST_CORNERS);
  const corners = line.filter((_, at) => at % every === 0);
  if (corners.length < 3) return null;
  return corners.flat().map((one) => bounded(Math.round(PARTS * one)));
}

function bounded(part) {
  return Math.max(LEAST_PART, Math.min(MOST_PART, part));
}

function pairs(flat) {
  return flat.flatMap((part, at) => (at % 2 ? [] : [[part, flat[at + 1]]]));
}

export function isInside(line, x, y) {
  let inside = false;
  for (let at = 0, last = line.length - 1; at < line.length; last = at++) {
    const [[x1, y1], [x2, y2]] = [line[at], line[last]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
