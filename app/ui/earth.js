// The earth on a canvas: the outline of the land, in a view of mercator.js.

import { ringsOf, unrolled } from "./mercator.js";

function landPath(topology) {
  const path = new Path2D();
  for (const ring of ringsOf(topology)) {
    const [first, ...others] = unrolled(ring);
    path.moveTo(first.x, first.y);
    for (const { x, y } of others) path.lineTo(x, y);
    path.closePath();
  }
  return path;
}

let loading; // once a page

export function loadLand(url) {
  loading ??= fetch(url)
    .then((answer) => answer.json())
    .then(landPath)
    .catch(() => {
      loading = undefined; // requested again the next time; until then all is water
      return new Path2D();
    });
  return loading;
}

// Makes the canvas as sharp as the screen; its context draws in CSS pixels.
export function fitted(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  return context;
}

export function drawLand(context, land, view, colours) {
  context.fillStyle = colours.water;
  context.fillRect(0, 0, view.width, view.height);
  const reach = view.width / view.scale / 2;
  const [first, last] = [Math.floor(view.x - reach) - 1, Math.floor(view.x + reach) + 1];
  for (let turn = first; turn <= last; turn += 1) {
    context.save();
    context.translate(view.width / 2, view.height / 2);
    context.scale(view.scale, view.scale);
    context.translate(turn - view.x, -view.y);
    context.fillStyle = colours.land;
    context.fill(land, "evenodd");
    context.lineWidth = 1 / view.scale;
    context.strokeStyle = colours.coast;
    context.stroke(land);
    context.restore();
  }
}

export function coloursOf(host) {
  const style = getComputedStyle(host);
  const named = (name) => style.getPropertyValue(name).trim();
  return {
    water: named("--water"),
    land: named("--land"),
    coast: named("--coast"),
    point: named("--st-primary-color"),
    edge: named("--st-background-color"),
  };
}
