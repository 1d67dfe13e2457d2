"use strict";
// Rules that are no formulas of single elements, worked out for the element [0, 0] of what is passed
// on, where the tensors are small matrices.  A rule may depend on what the page does not know (a
// dimension, a reduction), so what does not come out as the vjp has it is not shown.

const matrix = (p) => (isWhole(p) && p.shape.length <= 2 ? p.cells.map((row) => row.map(revive)) : null);
const transposed = (m) => m[0].map((_, j) => m.map((row) => row[j]));
const total = (list) => list.reduce((sum, x) => sum + x, 0);

// A sum of products: the first row of one matrix times the first column of another.
function product(left, right) {
  const row = left[0], column = right.map((x) => x[0]);
  if (row.length !== column.length) return null;
  const terms = row.map((x, k) => `${bracketed(x)} * ${bracketed(column[k])}`);
  const shown = terms.length > 5 ? [...terms.slice(0, 3), "\u2026", ...terms.slice(-1)] : terms;
  return [shown.join(" + "), total(row.map((x, k) => x * column[k]))];
}

function bracketed(x) {
  return x < 0 ? `(${number(x, 3)})` : number(x, 3);
}

// For each input of an operation the ways in which its gradient may come about: the matrices that
// must be known (g, y and the inputs), and what is made of them; n is the number of elements.
const WORKED = {
  // of a linear layer b is the weight, or c where there is a bias, which is used transposed
  Mm: [
    [["gb", ({ g, b }) => product(g, transposed(b))], ["gb", ({ g, b }) => product(g, b)]],
    [["ga", ({ g, a }) => product(transposed(a), g)], ["ga", ({ g, a }) => product(transposed(g), a)]],
  ],
  Addmm: [
    [["g", ({ g }) => [transposed(g)[0].map(bracketed).join(" + "), total(transposed(g)[0])]]],
    [["gc", ({ g, c }) => product(g, c)], ["gc", ({ g, c }) => product(g, transposed(c))]],
    [["gb", ({ g, b }) => product(transposed(g), b)], ["gb", ({ g, b }) => product(transposed(b), g)]],
  ],
  Sum: [[["g", ({ g }) => [number(g[0][0]), g[0][0]]]]],
  Mean: [[["g", ({ g, n }) => [`${number(g[0][0])} / ${n}`, g[0][0] / n]]]],
  MseLoss: [[["gab", (known) => squared(known, 2)]], [["gab", (known) => squared(known, -2)]]],
  Softmax: [[["gy", softmax]]],
  LogSoftmax: [[["gy", logSoftmax]]],
};

function squared({ g, a, b, n }, factor) {
  const value = (factor * g[0][0] * (a[0][0] - b[0][0])) / n;
  return [`${factor} * ${number(g[0][0])} * (${number(a[0][0])} - ${bracketed(b[0][0])}) / ${n}`, value];
}

function softmax({ g, y }) {
  const sum = total(g[0].map((x, k) => x * y[0][k]));
  return [`${number(y[0][0])} * (${number(g[0][0])} - ${bracketed(sum)})`, y[0][0] * (g[0][0] - sum)];
}

function logSoftmax({ g, y }) {
  const sum = total(g[0]), value = g[0][0] - Math.exp(y[0][0]) * sum;
  return [`${number(g[0][0])} - exp(${number(y[0][0])}) * ${bracketed(sum)}`, value];
}

// The first element of a gradient, where it is known.
function firstOf(p) {
  if (isWhole(p)) return revive(p.cells[0][0]);
  return p.low === p.high ? revive(p.low) : undefined;
}

// "[0, 0] += 1 * 2 + 3 * 4 = 14" for an input of a step, or null.
function workedOut(step, i) {
  const passed = picture(step.passed[i]), given = passed ? firstOf(passed) : undefined;
  const ways = (WORKED[step.op] || [])[i];
  if (given === undefined || !ways) return null;
  const known = { n: sizeOf(passed.shape) };
  known.g = matrix(picture(step.grads[0]));
  known.y = matrix(picture(step.values[0]));
  step.inputs.forEach((_, j) => { known[letter(j)] = matrix(inputPicture(step, j)); });
  for (const [needed, way] of ways) {
    const found = [...needed].every((name) => known[name]) ? way(known) : null;
    if (found && isClose(found[1], given)) {
      const where = passed.shape.length ? `[${passed.shape.map(() => 0).join(", ")}]` : "";
      return `${where} += ${found[0]} = ${number(found[1])}`;
    }
  }
  return null;
}
