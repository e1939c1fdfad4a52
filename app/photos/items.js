// The items of a grid and where they are: which are new, which group holds them, which a range of
// ticks spans, which lies above or below another. Pure. An item has an `id` and a `group`.

// What the data of a drawing, which begin at place `from`, add to the `have` items that are here.
// `missing`: the place from which on they must be sent again, if they do not follow.
export function added(have, from, items) {
  if (from > have) return { missing: have };
  return { fresh: items.slice(have - from) };
}

// Neighbours of the same group together: [{name, items}].
export function groupsOf(items) {
  const groups = [];
  for (const item of items) {
    if (groups.at(-1)?.name !== item.group) groups.push({ name: item.group, items: [] });
    groups.at(-1).items.push(item);
  }
  return groups;
}

// The ids from `anchor` to `id`, in their order; `id` alone where the anchor is not among them.
export function rangeOf(ids, anchor, id) {
  const [one, other] = [ids.indexOf(id), ids.indexOf(anchor)];
  if (other < 0) return [id];
  return ids.slice(Math.min(one, other), Math.max(one, other) + 1);
}

// The place of the item in the row above (-1) or below (1) that lies straightest; `here` where
// there is none. `boxOf` gives the box of the item at a place.
export function beyond(count, here, way, boxOf) {
  const middle = (at) => {
    const box = boxOf(at);
    return { x: box.left + box.width / 2, y: box.top };
  };
  const from = middle(here);
  let [best, row, off] = [here, null, Infinity];
  for (let at = here + way; at >= 0 && at < count; at += way) {
    const { x, y } = middle(at);
    if (Math.abs(y - from.y) < 4) continue; // the same row
    row ??= y;
    if (Math.abs(y - row) >= 4) break; // the row after the next
    if (Math.abs(x - from.x) < off) [best, off] = [at, Math.abs(x - from.x)];
  }
  return best;
}
