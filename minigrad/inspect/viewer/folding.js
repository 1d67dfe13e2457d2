"use strict";
// The rows of the list: steps, the modules around them, and the parts of an opened batch norm.

const entries = []; // all rows there can be, in order: {kind, depth, group, ...}
const groups = []; // {name, kind, depth, from, to, parent}, of consecutive steps of one module
const folded = new Set(); // groups
const opened = new Set(); // batch norms
let rows = []; // the entries that are shown
const rowOf = new Int32Array(N); // the row of each step, or of the folded group that it is in

(function findGroups() {
  let open = [], names = [];
  STEPS.forEach((step, i) => {
    const module = step.module || [];
    let same = 0;
    while (same < names.length && same < module.length && names[same] === module[same]) same++;
    open.length = same;
    for (let depth = same; depth < module.length; depth++) {
      const parent = depth ? open[depth - 1] : -1;
      const name = module[depth], kind = step.kinds[depth] === name ? "" : step.kinds[depth];
      groups.push({ name, kind, depth, from: i, to: i, parent });
      open.push(groups.length - 1);
      entries.push({ kind: "group", group: groups.length - 1, depth, parent });
    }
    for (const group of open) groups[group].to = i;
    names = module;
    const inside = open.length ? open[open.length - 1] : -1;
    entries.push({ kind: "step", step: i, depth: open.length, parent: inside });
    if (!step.parts) return;
    for (const way of ["forward", "backward"]) {
      step.parts[way].forEach((part, j) => {
        entries.push({ kind: "part", step: i, way, part: j, depth: open.length + 1, parent: inside });
      });
    }
  });
})();

function isHidden(entry) {
  for (let group = entry.parent; group >= 0; group = groups[group].parent) {
    if (folded.has(group)) return true;
  }
  return entry.kind === "part" && !opened.has(entry.step);
}

// Work out which rows are shown, and where each step is among them.
function layOut() {
  rows = entries.filter((entry) => !isHidden(entry));
  rows.forEach((entry, row) => {
    if (entry.kind === "step") rowOf[entry.step] = row;
    if (entry.kind === "group" && folded.has(entry.group)) {
      rowOf.fill(row, groups[entry.group].from, groups[entry.group].to + 1);
    }
  });
  findArcs();
}

// Unfold whatever hides a step.
function reveal(step) {
  const entry = entries.find((e) => e.kind === "step" && e.step === step);
  let changed = false;
  for (let group = entry.parent; group >= 0; group = groups[group].parent) {
    changed = folded.delete(group) || changed;
  }
  if (changed) layOut();
}

function toggle(entry) {
  const [set, key] = entry.kind === "group" ? [folded, entry.group] : [opened, entry.step];
  if (!set.delete(key)) set.add(key);
  if (entry.kind === "step") state.openParts = opened.has(entry.step);
  layOut();
  showTape();
}

function foldAll() {
  if (folded.size) folded.clear();
  else groups.forEach((_, i) => folded.add(i));
  layOut();
  active = rowOf[stepAt(state.moment)];
  scrollTo(active);
  showTape();
}

// Whether a row can be opened, and is.
function isOpen(entry) {
  if (entry.kind === "group") return !folded.has(entry.group);
  return entry.kind === "step" && STEPS[entry.step].parts ? opened.has(entry.step) : null;
}
