// The earth in Web Mercator: the whole world is a square from 0 to 1, x to the east, y to the south.
// A view = {x, y, scale, width, height}: its centre, and how many pixels the world has.

const MOST_NORTH = 85.0511; // the square's edge

export function project(latitude, longitude) {
  const bounded = Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude));
  const sine = Math.sin((bounded * Math.PI) / 180);
  return {
    x: longitude / 360 + 0.5,
    y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI),
  };
}

// `y` moved so that a view of this height shows nothing beyond the poles.
export function withinPoles(y, height, scale) {
  const half = height / scale / 2;
  return Math.max(half, Math.min(1 - half, y));
}

// TopoJSON: arcs of steps on a grid, shared by rings; ~i is arc i backwards.
export function ringsOf(topology) {
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((steps) => {
    let [x, y] = [0, 0];
    return steps.map(([dx, dy]) => {
      [x, y] = [x + dx, y + dy];
      return project(y * scale[1] + translate[1], x * scale[0] + translate[0]);
    });
  });
  const rings = topology.objects.land.geometries.flatMap((land) => land.arcs.flat());
  return rings.map((ring) => ring.flatMap((i) => (i < 0 ? arcs[~i].toReversed() : arcs[i])));
}

// The corners of a ring, which may go on beyond the square: one that crosses the 180th meridian
// does; the one around the pole ends a whole turn from where it began, and closes below it.
export function unrolled(points) {
  let [turn, last] = [0, points[0].x];
  const corners = points.map(({ x, y }) => {
    if (Math.abs(x - last) > 0.5) turn += x < last ? 1 : -1;
    last = x;
    return { x: x + turn, y };
  });
  if (turn) corners.push({ x: last + turn, y: 1 }, { x: points[0].x, y: 1 });
  return corners;
}
