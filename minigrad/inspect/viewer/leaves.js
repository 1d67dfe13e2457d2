"use strict";
// The leaves: parameters and inputs, and what has arrived in their .grad so far.

const MOST_LEAVES = 400;
let leafRows = [];

function addLeaves() {
  const place = document.getElementById("leaves"), shown = LEAVES.slice(0, MOST_LEAVES);
  const checked = DATA.checked ? '<th scope="col">check</th>' : "";
  const lines = shown.map((leaf, i) => {
    const verdict = leaf.verdict;
    const word = verdict ? `<span class="badge ${verdict.agrees ? "good" : "bad"}">${verdictWord(verdict)}</span>` : "";
    const both = verdict ? ` <span title="by the gradient, and as measured">${number(verdict.analytic)} / ${number(verdict.numeric)}</span>` : "";
    return `<tr data-leaf="${i}"><td>${escaped(leaf.name)}</td><td>${leaf.value === null ? "" : shapeText(picture(leaf.value).shape)}</td><td></td><td></td>${DATA.checked ? `<td>${word}${both}</td>` : ""}</tr>`;
  });
  const more = LEAVES.length > shown.length ? `<p class="stats">and ${LEAVES.length - shown.length} more</p>` : "";
  place.innerHTML = `<h3>Leaves, and what this backward pass has put into their .grad so far</h3><div class="scroll"><table><thead><tr><th scope="col">leaf</th><th scope="col">shape</th><th scope="col">arrived</th><th scope="col">norm of .grad</th>${checked}</tr></thead><tbody>${lines.join("")}</tbody></table></div>${more}`;
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
