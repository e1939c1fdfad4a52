// Draws the atlas: points that can be zoomed, thumbnails where there is room, the groups' names.
// `root` is the element that atlas.js builds, with what there is to draw: points, groups, pictures,
// what is lit, the line drawn around some, and the view.

export const SCALE = 65535;
export const THUMB_PX = 62;
const MARGIN_PX = 44; // half a thumbnail and more
const SPACING_PX = 76,
  MOST_THUMBS = 140;
const CLOSEST = 60,
  SETTLED_MS = 250,
  LOST_MS = 5000;

function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Kind(bytes.buffer);
}

export function unpack(points) {
  return {
    x: numbers(points.x, Uint16Array),
    y: numbers(points.y, Uint16Array),
    group: numbers(points.group, Uint8Array),
    year: numbers(points.year, Int16Array),
    id: numbers(points.id, Uint32Array),
  };
}

// colours: groups go round the circle in steps that keep neighbours apart; years from dark to light

export function groupColour(group, dark) {
  return `hsl(${(group * 137.5) % 360} 62% ${dark ? 66 : 40}%)`;
}

export function yearColour(share, dark) {
  return `hsl(${265 - 225 * share} 70% ${dark ? 45 + 25 * share : 32 + 14 * share}%)`;
}

export function isDark(root) {
  const [r, g, b] = getComputedStyle(root.stage).backgroundColor.match(/\d+/g).map(Number);
  return r + g + b < 384;
}

// the view: a point's place on the screen is (place - centre) * size without margin * zoom + middle

export function onScreen(root, x, y) {
  const { view, width, height } = root;
  return [
    (x - view.x) * view.zoom * (width - 2 * MARGIN_PX) + width / 2,
    (y - view.y) * view.zoom * (height - 2 * MARGIN_PX) + height / 2,
  ];
}

export function onMap(root, px, py) {
  const { view, width, height } = root;
  return [
    (px - width / 2) / (view.zoom * (width - 2 * MARGIN_PX)) + view.x,
    (py - height / 2) / (view.zoom * (height - 2 * MARGIN_PX)) + view.y,
  ];
}

export function zoomAt(root, px, py, factor) {
  const before = onMap(root, px, py);
  root.view.zoom = Math.min(CLOSEST, Math.max(1, root.view.zoom * factor));
  const after = onMap(root, px, py);
  moveBy(root, before[0] - after[0], before[1] - after[1]);
}

export function moveBy(root, dx, dy) {
  const { view } = root;
  view.x = Math.min(1, Math.max(0, view.x + dx));
  view.y = Math.min(1, Math.max(0, view.y + dy));
  if (view.zoom === 1) view.x = view.y = 0.5;
  changed(root);
}

export function changed(root) {
  if (!root.frame)
    root.frame = requestAnimationFrame(() => {
      root.frame = 0;
      draw(root);
    });
  clearTimeout(root.settling);
  root.settling = setTimeout(() => askForPictures(root), SETTLED_MS);
}

// which points show a thumbnail: the first of each square of the screen

function chooseThumbs(root) {
  const { points } = root,
    taken = new Set(),
    chosen = [];
  for (let at = 0; at < points.x.length && chosen.length < MOST_THUMBS; at++) {
    if (!isLit(root, at)) continue;
    const [px, py] = onScreen(root, points.x[at] / SCALE, points.y[at] / SCALE);
    if (px < 0 || py < 0 || px > root.width || py > root.height) continue;
    const [column, row] = [Math.floor(px / SPACING_PX), Math.floor(py / SPACING_PX)];
    if (taken.has(`${column},${row}`)) continue;
    const crowded = chosen.some(
      (one) => Math.abs(one.px - px) < THUMB_PX && Math.abs(one.py - py) < THUMB_PX,
    );
    if (crowded) continue;
    taken.add(`${column},${row}`);
    chosen.push({ at, px, py });
  }
  return chosen;
}

function askForPictures(root) {
  clearTimeout(root.settling);
  const missing = chooseThumbs(root)
    .map(({ at }) => root.points.id[at])
    .filter((id) => !root.pictures.has(id));
  if (!missing.length || !root.isConnected) return;
  root.wish(missing);
  root.settling = setTimeout(() => askForPictures(root), LOST_MS);
}

export function receive(root, pictures) {
  for (const [id, url] of Object.entries(pictures)) {
    if (root.pictures.has(Number(id))) continue;
    const image = url ? new Image() : null; // none: there is no thumbnail
    root.pictures.set(Number(id), image);
    if (!image) continue;
    image.onload = () => changed(root);
    image.src = url;
  }
}

// drawing

export function isLit(root, at) {
  return root.lit === null || root.lit.has(at);
}

function colourOf(root, at, dark) {
  if (!root.byYear) return root.colours[root.points.group[at]];
  const [first, last] = root.years;
  return yearColour((root.points.year[at] - first) / Math.max(1, last - first), dark);
}

function draw(root) {
  const { canvas, points, width, height } = root;
  if (!width) return;
  const dark = isDark(root),
    ratio = devicePixelRatio || 1;
  root.colours = root.groups.map((_, group) => groupColour(group, dark));
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const radius = Math.min(
    6,
    Math.max(1.6, (34 / Math.sqrt(points.x.length)) * Math.sqrt(root.view.zoom) * 2),
  );
  for (let at = 0; at < points.x.length; at++) {
    const [px, py] = onScreen(root, points.x[at] / SCALE, points.y[at] / SCALE);
    if (px < -9 || py < -9 || px > width + 9 || py > height + 9) continue;
    pen.globalAlpha = isLit(root, at) ? 0.85 : 0.15;
    pen.fillStyle = colourOf(root, at, dark);
    pen.beginPath();
    pen.arc(px, py, radius, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
  drawThumbs(root, pen, dark);
  drawNames(root, pen, dark);
  drawLine(root, pen);
}

function drawThumbs(root, pen, dark) {
  root.thumbs = chooseThumbs(root);
  for (const { at, px, py } of root.thumbs) {
    const image = root.pictures.get(root.points.id[at]);
    if (!image?.complete || !image.naturalWidth) continue;
    const scale = THUMB_PX / Math.max(image.naturalWidth, image.naturalHeight);
    const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
    pen.fillStyle = colourOf(root, at, dark);
    pen.fillRect(px - w / 2 - 2, py - h / 2 - 2, w + 4, h + 4);
    pen.drawImage(image, px - w / 2, py - h / 2, w, h);
  }
}

function drawNames(root, pen, dark) {
  pen.font = `600 14px ${getComputedStyle(root).fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 5;
  const taken = [];
  for (const group of root.largestFirst) {
    if (root.chosenGroup !== null && root.chosenGroup !== group) continue;
    const { name, place } = root.groups[group];
    const [middle, py] = onScreen(root, ...place);
    if (middle < 0 || py < 0 || middle > root.width || py > root.height) continue;
    const half = pen.measureText(name).width / 2 + 4;
    const px = Math.max(half, Math.min(root.width - half, middle));
    const clash = taken.some(
      (one) => Math.abs(one.px - px) < one.half + half && Math.abs(one.py - py) < 18,
    );
    if (clash) continue;
    taken.push({ px, py, half });
    pen.strokeStyle = dark ? "rgb(20 18 16 / 85%)" : "rgb(255 253 250 / 90%)";
    pen.fillStyle = dark ? "#fff" : "#1d1815";
    pen.strokeText(name, px, py + 5);
    pen.fillText(name, px, py + 5);
  }
}

function drawLine(root, pen) {
  const line = root.line ?? root.area;
  if (!line?.length) return;
  pen.beginPath();
  for (const [x, y] of line) pen.lineTo(...onScreen(root, x, y));
  pen.closePath();
  pen.strokeStyle = getComputedStyle(root).getPropertyValue("--st-primary-color");
  pen.lineWidth = 2.5;
  pen.stroke();
}

// what is lit: the chosen group, or what lies within the line

export function light(root, data) {
  root.chosenGroup = data.group !== null && data.group < root.groups.length ? data.group : null;
  root.area = data.area && pairs(data.area.map((part) => part / 1000));
  root.lit = null;
  if (root.chosenGroup !== null)
    root.lit = those(root, (at) => root.points.group[at] === root.chosenGroup);
  else if (root.area)
    root.lit = those(root, (at) =>
      isInside(root.area, root.points.x[at] / SCALE, root.points.y[at] / SCALE),
    );
  for (const item of root.list.querySelectorAll(".group")) {
    item.setAttribute("aria-pressed", Number(item.dataset.group) === root.chosenGroup);
  }
}

function pairs(flat) {
  return flat.flatMap((part, at) => (at % 2 ? [] : [[part, flat[at + 1]]]));
}

function those(root, passes) {
  const found = new Set();
  for (let at = 0; at < root.points.x.length; at++) if (passes(at)) found.add(at);
  return found;
}

function isInside(line, x, y) {
  let inside = false;
  for (let at = 0, last = line.length - 1; at < line.length; last = at++) {
    const [[x1, y1], [x2, y2]] = [line[at], line[last]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
