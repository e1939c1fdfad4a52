// What of the earth a map shows, and how that moves: views of mercator.js. Pure.

import { withinPoles } from "../ui/mercator.js";

const TILE_PX = 256; // of a tile of a map server: the world at zoom 0
const MOST_ZOOM = 17;

export const WHOLE_WORLD = Object.freeze({ x: 0.5, y: 0.4, scale: TILE_PX });

export function zoomOf(view) {
  return Math.log2(view.scale / TILE_PX);
}

// The view kept on the earth: not smaller than it, not beyond its poles, and only once around it.
export function bounded(view) {
  const least = Math.max(TILE_PX, view.height);
  const scale = Math.max(least, Math.min(TILE_PX * 2 ** MOST_ZOOM, view.scale));
  const y = withinPoles(view.y, view.height, scale);
  return { ...view, scale, y, x: view.x - Math.floor(view.x) };
}

// Zoomed so that what is at this pixel stays there.
export function zoomed(view, factor, px = view.width / 2, py = view.height / 2) {
  const [dx, dy] = [px - view.width / 2, py - view.height / 2];
  const at = { x: view.x + dx / view.scale, y: view.y + dy / view.scale };
  const closer = bounded({ ...view, scale: view.scale * factor });
  return { ...closer, x: at.x - dx / closer.scale, y: at.y - dy / closer.scale };
}

// Moved along with a pointer that went so many pixels.
export function moved(view, dx, dy) {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

// A view of this size that shows all places.
export function around(places, { width, height }) {
  const edges = (of) => [Math.min(...places.map(of)), Math.max(...places.map(of))];
  const [west, east] = edges(({ x }) => x);
  const [north, south] = edges(({ y }) => y);
  const scale = Math.min(
    width / Math.max(1e-3, east - west),
    height / Math.max(1e-3, south - north),
  );
  return { x: (west + east) / 2, y: (north + south) / 2, scale: scale * 0.8, width, height };
}

// Where a point of the square is on the screen, by the nearer way round the earth.
export function onScreen(view, { x, y }) {
  const across = x - view.x - Math.round(x - view.x);
  return {
    left: view.width / 2 + across * view.scale,
    top: view.height / 2 + (y - view.y) * view.scale,
  };
}

// The tiles that cover the view: the numbers of each, and where it is on the screen.
export function tilesOf(view) {
  const z = Math.max(0, Math.min(MOST_ZOOM, Math.round(zoomOf(view))));
  const [count, size] = [2 ** z, view.scale / 2 ** z];
  const left = view.x * count - view.width / 2 / size;
  const top = view.y * count - view.height / 2 / size;
  const tiles = [];
  for (let x = Math.floor(left); x < left + view.width / size; x += 1) {
    const last = Math.min(count, top + view.height / size);
    for (let y = Math.max(0, Math.floor(top)); y < last; y += 1) {
      const turned = ((x % count) + count) % count;
      tiles.push({ z, x: turned, y, left: (x - left) * size, top: (y - top) * size, size });
    }
  }
  return tiles;
}
