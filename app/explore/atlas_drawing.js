// Draws the atlas on a canvas: points that can be zoomed, thumbnails where there is room, the
// groups' names. A scene = {view, points, groups, largestFirst, chosenGroup, isLit, byYear, years,
// pictures, thumbnails, line, dark}: all that is drawn, and how.

import { groupColour, yearColour } from "./atlas_colours.js";
import { THUMBNAIL_PX, onScreen, pointOnScreen } from "./atlas_view.js";

const RADIUS_PX = 9; // of the largest point and more

export function drawScene(canvas, scene) {
  const { width, height } = scene.view;
  const density = devicePixelRatio || 1;
  canvas.width = width * density;
  canvas.height = height * density;
  const pen = canvas.getContext("2d");
  pen.scale(density, density);
  const style = getComputedStyle(canvas);
  drawPoints(pen, scene);
  drawThumbnails(pen, scene);
  drawNames(pen, scene, style.fontFamily);
  drawLine(pen, scene, style.getPropertyValue("--st-primary-color"));
}

// The colour of each point of the scene.
function colouring({ points, groups, byYear, years: [first, last], dark }) {
  const colours = groups.map((_, group) => groupColour(group, dark));
  if (!byYear) return (at) => colours[points.group[at]];
  return (at) => yearColour((points.year[at] - first) / Math.max(1, last - first), dark);
}

function drawPoints(pen, scene) {
  const { view, points, isLit } = scene;
  const colourOf = colouring(scene);
  const size = (34 / Math.sqrt(points.count)) * Math.sqrt(view.zoom) * 2;
  const radius = Math.min(6, Math.max(1.6, size));
  for (let at = 0; at < points.count; at++) {
    const [px, py] = pointOnScreen(view, points, at);
    if (px < -RADIUS_PX || py < -RADIUS_PX) continue;
    if (px > view.width + RADIUS_PX || py > view.height + RADIUS_PX) continue;
    pen.globalAlpha = isLit(at) ? 0.85 : 0.15;
    pen.fillStyle = colourOf(at);
    pen.beginPath();
    pen.arc(px, py, radius, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

function drawThumbnails(pen, scene) {
  const colourOf = colouring(scene);
  for (const { at, px, py } of scene.thumbnails) {
    const image = scene.pictures.get(scene.points.id[at]);
    if (!image?.complete || !image.naturalWidth) continue;
    const scale = THUMBNAIL_PX / Math.max(image.naturalWidth, image.naturalHeight);
    const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
    pen.fillStyle = colourOf(at);
    pen.fillRect(px - w / 2 - 2, py - h / 2 - 2, w + 4, h + 4);
    pen.drawImage(image, px - w / 2, py - h / 2, w, h);
  }
}

// Names of the largest groups first; one that would cover another is left out.
function drawNames(pen, { view, groups, largestFirst, chosenGroup, dark }, fontFamily) {
  pen.font = `600 14px ${fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 5;
  pen.strokeStyle = dark ? "rgb(20 18 16 / 85%)" : "rgb(255 253 250 / 90%)";
  pen.fillStyle = dark ? "#fff" : "#1d1815";
  const taken = [];
  for (const group of largestFirst) {
    if (chosenGroup !== null && chosenGroup !== group) continue;
    const { name, place } = groups[group];
    const [middle, py] = onScreen(view, ...place);
    if (middle < 0 || py < 0 || middle > view.width || py > view.height) continue;
    const half = pen.measureText(name).width / 2 + 4;
    const px = Math.max(half, Math.min(view.width - half, middle));
    const isTaken = taken.some(
      (one) => Math.abs(one.px - px) < one.half + half && Math.abs(one.py - py) < 18,
    );
    if (isTaken) continue;
    taken.push({ px, py, half });
    pen.strokeText(name, px, py + 5);
    pen.fillText(name, px, py + 5);
  }
}

function drawLine(pen, { view, line }, colour) {
  if (!line?.length) return;
  pen.beginPath();
  for (const [x, y] of line) pen.lineTo(...onScreen(view, x, y));
  pen.closePath();
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.stroke();
}
