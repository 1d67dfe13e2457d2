"use strict";
// Arcs from each step to its inputs, beside the list; only those that begin or end in view.

const ROW = 28, GUTTER = 66; // pixels
const MOST_ARCS = 16; // of one row, the shortest ones
const MOST_CURRENT = 300; // of the row of the current step
let arcs = []; // arcs[row]: the other ends of its arcs

function findArcs() {
  arcs = rows.map(() => []);
  const seen = new Set();
  STEPS.forEach((step, number) => {
    for (const source of step.inputs) {
      if (source.step === undefined) continue;
      const from = rowOf[source.step], to = rowOf[number], key = from * rows.length + to;
      if (from === to || seen.has(key)) continue;
      seen.add(key);
      arcs[from].push(to);
      arcs[to].push(from);
    }
  });
  for (let row = 0; row < rows.length; row++) {
    if (arcs[row].length > MOST_ARCS) {
      arcs[row].sort((a, b) => Math.abs(a - row) - Math.abs(b - row));
    }
  }
}

function arcPath(from, to, top) {
  const y = (row) => (row - top) * ROW + ROW / 2;
  const wide = Math.min(GUTTER - 4, 9 + 8 * Math.log2(Math.abs(to - from)));
  const x = GUTTER - wide;
  return `M${GUTTER} ${y(from)}C${x} ${y(from)} ${x} ${y(to)} ${GUTTER} ${y(to)}`;
}

// The arcs of the rows from ``top`` to ``bottom`` as the inside of an SVG.
function arcsBetween(top, bottom, current) {
  const drawn = new Set(), quiet = [], loud = [];
  for (let row = top; row <= bottom; row++) {
    for (const other of arcs[row].slice(0, row === current ? MOST_CURRENT : MOST_ARCS)) {
      const from = Math.min(row, other), to = Math.max(row, other), key = from * rows.length + to;
      if (drawn.has(key)) continue;
      drawn.add(key);
      const kind = to === current ? "into" : from === current ? "out" : "";
      const path = `<path class="${kind}" d="${arcPath(from, to, top)}"/>`;
      (kind ? loud : quiet).push(path);
      if (kind === "into") loud.push(arrowHead(isBackward(state.moment) ? from : to, top));
    }
  }
  return quiet.join("") + loud.join("");
}

function arrowHead(row, top) {
  const y = (row - top) * ROW + ROW / 2;
  return `<path class="tip" d="M${GUTTER + 1} ${y}l-7 -4v8z"/>`;
}
