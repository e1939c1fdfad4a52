// The folders of a library as a tree. Pure. folders = [[path, photos]] in order; a path is as
// "/Pictures/2019/Rome/".

export function parentOf(path) {
  return path.replace(/[^/]*\/$/, "");
}

export function isBelow(path, folder) {
  return path !== folder && path.startsWith(folder);
}

// For each path its name, its photos and the paths right below it; and the paths below none.
export function treeOf(folders) {
  const nodes = new Map();
  for (const [path, photos] of folders) {
    nodes.set(path, { name: path.split("/").at(-2), photos, below: [] });
  }
  const tops = [];
  for (const path of nodes.keys()) (nodes.get(parentOf(path))?.below ?? tops).push(path);
  return { nodes, tops };
}

// The folders that must be open, for one to see those that are chosen.
export function pathsAbove(paths, chosen) {
  return [...paths].filter((path) => chosen.some((one) => isBelow(one, path)));
}
