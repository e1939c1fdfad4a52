// Clusters of photos on a map: places that lie close together at a zoom. Pure.
// places = [[latitude, longitude, photos, row, column]]: cells of a grid, each with the mean of its
// photos' positions.

import { project } from "../ui/mercator.js";

const TILE_PX = 256;
const CLUSTER_PX = 72; // places within such a square are one cluster

// The places with where they are, and where the middles of their cells are, in mercator.js's square.
export function projected(places, cellsPerDegree) {
  const middle = (number) => (number + 0.5) / cellsPerDegree;
  return places.map(([latitude, longitude, photos, row, column]) => ({
    latitude,
    longitude,
    photos,
    row,
    column,
    ...project(latitude, longitude),
    middle: project(middle(row), middle(column)),
  }));
}

export function clustersAt(places, zoom) {
  const size = CLUSTER_PX / (TILE_PX * 2 ** zoom);
  const squares = Map.groupBy(
    places,
    ({ middle }) => `${zoom} ${Math.floor(middle.x / size)} ${Math.floor(middle.y / size)}`,
  );
  return [...squares].map(([key, within]) => summed(key, within));
}

function summed(key, places) {
  const photos = places.reduce((sum, place) => sum + place.photos, 0);
  const mean = (of) => places.reduce((sum, place) => sum + place[of] * place.photos, 0) / photos;
  const [latitude, longitude] = [mean("latitude"), mean("longitude")];
  return { key, places, photos, latitude, longitude, ...project(latitude, longitude) };
}

// What a click searches: the rows and columns of cells that the cluster consists of, from the first
// to before the end. No other cluster has a cell within, since clusters are made by cells' middles.
export function boxOf({ places }) {
  const edge = (of, which) => which(...places.map((place) => place[of]));
  return {
    south: edge("row", Math.min),
    north: edge("row", Math.max) + 1,
    west: edge("column", Math.min),
    east: edge("column", Math.max) + 1,
  };
}

// Degrees of the compass, as 51.5° N.
export function degrees(angle, [plus, minus]) {
  return `${Math.abs(angle).toFixed(1)}° ${angle < 0 ? minus : plus}`;
}
