// The icons of the query box: lines in a square of 24. Those of filters come with the data.

const PATHS = {
  recent: "M12 8v5l4 2M21 12a9 9 0 1 1-3-6.7M21 3v4h-4",
  filter: "M4 6h16M7 12h10M10 18h4",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21",
  cross: "M6 6l12 12M18 6 6 18",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.6a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2z",
};
const SVG = "http://www.w3.org/2000/svg";

// That of this kind, among ours and those of the filters; of a kind without one, that of any filter.
export function icon(kind, ofFilters = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[kind] ?? ofFilters[kind] ?? PATHS.filter);
  svg.append(path);
  return svg;
}
