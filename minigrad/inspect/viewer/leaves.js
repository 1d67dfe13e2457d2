"use strict";
// The leaves: parameters and inputs, and what has arrived in their .grad so far.

const MOST_LEAVES = 400;
let leafRows = [];

function leafHtml(leaf, i) {
  const verdict = leaf.verdict, shape = leaf.value === null ? "" : shapeText(picture(leaf.value).shape);
  let check = "";
  if (verdict) {
    const badge = `<span class="badge ${verdict.agrees ? "good" : "bad"}">${verdictWord(verdict)}</span>`;
    const both = `${number(verdict.analytic)} / ${number(verdict.numeric)}`;
    check = `${badge} <span title="By the gradient, and as measured">${both}</span>`;
  }
  return [
    `<tr data-leaf="${i}"><td>${escaped(leaf.name)}</td><td>${shape}</td><td></td><td></td>`,
    DATA.checked ? `<td>${check}</td></tr>` : "</tr>",
  ].join("");
}

function addLeaves() {
  const place = document.getElementById("leaves"), shown = LEAVES.slice(0, MOST_LEAVES);
  const columns = ["leaf", "shape", "arrived", "norm of .grad", ...(DATA.checked ? ["check"] : [])];
  const head = columns.map((name) => `<th scope="col">${name}</th>`).join("");
  const more = LEAVES.length - shown.length;
  place.innerHTML = [
    "<h3>Leaves, and what this backward pass has put into their .grad so far</h3>",
    `<div class="scroll"><table><thead><tr>${head}</tr></thead>`,
    `<tbody>${shown.map(leafHtml).join("")}</tbody></table></div>`,
    more > 0 ? `<p class="stats">and ${more} more</p>` : "",
  ].join("");
  leafRows = [...place.querySelectorAll("tr[data-leaf]")].map((row) => ({ row, shown: -1 }));
}

function showLeaves() {
  leafRows.forEach((entry, i) => {
    const count = arrived(i, state.moment), all = arrivals[i].length;
    const cells = entry.row.cells;
    const here = count > 0 && arrivals[i][count - 1].moment === state.moment;
    if (cells[3].classList.contains("changed") !== here) cells[3].classList.toggle("changed", here);
    if (entry.shown === count) return;
    entry.shown = count;
    cells[2].textContent = `${count} of ${all}`;
    const sum = count ? picture(arrivals[i][count - 1].sum) : null;
    const trouble = gradientTrouble(sum, true);
    cells[3].textContent = sum ? (trouble ? `${trouble} ` : "") + number(sum.norm) : "\u2013";
  });
}
