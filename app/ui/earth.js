// The earth on a canvas: the outline of the land in Web Mercator, where the whole world is a square
// from 0 to 1. A view = {x, y, scale, width, height}: its centre, and how many pixels the world has.

const MOST_NORTH = 85.0511; // the square's edge

export function project(latitude, longitude) {
  const bounded = Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude));
  const sine = Math.sin((bounded * Math.PI) / 180);
  return {
    x: longitude / 360 + 0.5,
    y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI),
  };
}

// TopoJSON: arcs of steps on a grid, shared by rings; ~i is arc i backwards.
function landPath(topology) {
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((steps) => {
    let [x, y] = [0, 0];
    return steps.map(([dx, dy]) => {
      [x, y] = [x + dx, y + dy];
      return project(y * scale[1] + translate[1], x * scale[0] + translate[0]);
    });
  });
  const path = new Path2D();
  for (const ring of topology.objects.land.geometries.flatMap((land) => land.arcs.flat())) {
    addRing(
      path,
      ring.flatMap((i) => (i < 0 ? [...arcs[~i]].toReversed() : arcs[i])),
    );
  }
  return path;
}

// A ring that crosses the 180th meridian goes on beyond the square; the one around the pole ends a
// whole turn from where it began, and closes below it.
function addRing(path, points) {
  let [turn, last] = [0, points[0].x];
  points.forEach(({ x, y }, place) => {
    if (Math.abs(x - last) > 0.5) turn += x < last ? 1 : -1;
    last = x;
    if (place) path.lineTo(x + turn, y);
    else path.moveTo(x, y);
  });
  if (turn) {
    path.lineTo(last + turn, 1);
    path.lineTo(points[0].x, 1);
  }
  path.closePath();
}

let loading; // once a page
export function loadLand(url) {
  loading ??= fetch(url)
    .then((answer) => answer.json())
    .then(landPath)
    .catch(() => {
      loading = undefined; // asked for again the next time; until then all is water
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
