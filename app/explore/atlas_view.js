// What of the atlas is seen, and how that moves. Pure. A view = {x, y, zoom, width, height}: its
// middle, how many times the whole is enlarged, and the size of the screen. A point's place on the
// screen is (place - middle) * size without margin * zoom + half the size.

import { SCALE } from "./atlas_points.js";

const MARGIN_PX = 44; // half a thumbnail and more
const SPACING_PX = 76;
const MOST_THUMBNAILS = 140;
const CLOSEST = 60;
export const THUMBNAIL_PX = 62;
export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });

export function onScreen({ x: middleX, y: middleY, zoom, width, height }, x, y) {
  return [
    (x - middleX) * zoom * (width - 2 * MARGIN_PX) + width / 2,
    (y - middleY) * zoom * (height - 2 * MARGIN_PX) + height / 2,
  ];
}

export function pointOnScreen(view, points, at) {
  return onScreen(view, points.x[at] / SCALE, points.y[at] / SCALE);
}

export function onMap({ x: middleX, y: middleY, zoom, width, height }, px, py) {
  return [
    (px - width / 2) / (zoom * (width - 2 * MARGIN_PX)) + middleX,
    (py - height / 2) / (zoom * (height - 2 * MARGIN_PX)) + middleY,
  ];
}

// What is at this pixel stays there.
export function zoomed(view, px, py, factor) {
  const zoom = Math.min(CLOSEST, Math.max(1, view.zoom * factor));
  const before = onMap(view, px, py);
  const after = onMap({ ...view, zoom }, px, py);
  return moved({ ...view, zoom }, before[0] - after[0], before[1] - after[1]);
}

export function moved(view, dx, dy) {
  if (view.zoom === 1) return { ...view, x: WHOLE.x, y: WHOLE.y };
  const within = (part) => Math.min(1, Math.max(0, part));
  return { ...view, x: within(view.x + dx), y: within(view.y + dy) };
}

// The points that show a thumbnail, with their places on the screen: the first lit one of each
// square of the screen, if it covers none before.
export function thumbnails(view, points, isLit) {
  const taken = new Set();
  const chosen = [];
  for (let at = 0; at < points.count && chosen.length < MOST_THUMBNAILS; at++) {
    if (!isLit(at)) continue;
    const [px, py] = pointOnScreen(view, points, at);
    if (px < 0 || py < 0 || px > view.width || py > view.height) continue;
    const square = `${Math.floor(px / SPACING_PX)},${Math.floor(py / SPACING_PX)}`;
    if (taken.has(square) || chosen.some((one) => covers(one, px, py, THUMBNAIL_PX))) continue;
    taken.add(square);
    chosen.push({ at, px, py });
  }
  return chosen;
}

export function covers(thumbnail, px, py, within) {
  return Math.abs(thumbnail.px - px) < within && Math.abs(thumbnail.py - py) < within;
}

// The lit point next to this pixel; -1 where none is near.
export function nearest(view, points, isLit, px, py) {
  let [best, off] = [-1, 12];
  for (let at = 0; at < points.count; at++) {
    const [x, y] = pointOnScreen(view, points, at);
    const away = Math.hypot(x - px, y - py);
    if (away < off && isLit(at)) [best, off] = [at, away];
  }
  return best;
}
