// The colours of the atlas. Pure. Groups go round the circle in steps that keep neighbours apart;
// years go from dark to light.

export function groupColour(group, dark) {
  return `hsl(${(group * 137.5) % 360} 62% ${dark ? 66 : 40}%)`;
}

// `share`: 0 for the first year, 1 for the last.
export function yearColour(share, dark) {
  return `hsl(${265 - 225 * share} 70% ${dark ? 45 + 25 * share : 32 + 14 * share}%)`;
}

// Whether this is a dark colour, as the browser computes it: "rgb(22, 20, 18)".
export function isDark(colour) {
  const [r, g, b] = colour.match(/\d+/g).map(Number);
  return r + g + b < 384;
}
