"use strict";
// Batch norm taken apart: the parts of its forward, and the three paths of its backward.

function partFigure(part, way, j) {
  const shown = state.part && state.part.way === way && state.part.part === j;
  const total = part.sums.reduce((sum, x) => sum + revive(x), 0);
  const known = way === "backward" && part.channels === part.sums.length;
  return [
    `<div class="part${shown ? " shown" : ""}">${figure(part.name, picture(part.picture))}`,
    `<code>${escaped(part.formula)}</code>`,
    known ? `<p class="stats">sum over all: ${number(total, 4)}</p></div>` : "</div>",
  ].join("");
}

function sumsTable(parts) {
  const head = parts.map((part) => `<th scope="col">${escaped(part.name)}</th>`).join("");
  const lines = parts[0].sums.map((_, channel) => {
    const cells = parts.map((part) => `<td>${number(part.sums[channel])}</td>`).join("");
    return `<tr><th scope="row">channel ${channel}</th>${cells}</tr>`;
  });
  const more = parts[0].channels - parts[0].sums.length;
  const cut = more > 0 ? `<p class="stats">and ${more} more channels</p>` : "";
  const caption = parts.length > 2
    ? "Sums over each channel: those of dL/dx are 0, since a shift of x changes nothing"
    : "Sums over each channel";
  return [
    `<div class="scroll"><table><caption>${caption}</caption>`,
    `<thead><tr><td></td>${head}</tr></thead><tbody>${lines.join("")}</tbody></table></div>${cut}`,
  ].join("");
}

// One element along all paths: that they add up can be seen, not only read.
function oneElement(parts) {
  const pictures = parts.backward.map((part) => picture(part.picture)), given = picture(parts.given);
  if (!given || !pictures.every(isWhole) || !isWhole(given)) return "";
  const place = Math.min(state.element, sizeOf(given.shape) - 1);
  const terms = pictures.slice(0, -1).map((p) => elementOf(p, place));
  const total = terms.reduce((a, b) => a + b, 0);
  const shown = terms.map((x) => (x < 0 ? `(${number(x)})` : number(x))).join(" + ");
  return [
    `<p>At ${indices(place, given.shape)}: <span class="mono">${shown} = ${number(total)}</span>; `,
    `the kernel gave <span class="mono">${number(elementOf(given, place))}</span>.</p>`,
  ].join("");
}

const INTRODUCTIONS = {
  forward: "For each channel, over the batch and all positions. Computed anew from what the node saved.",
  training:
    "x reaches y by three paths: directly, and through the mean and the variance of its channel. " +
    "h = weight * dL/dy is the gradient at xhat.",
  evaluation:
    "x reaches y directly only: in evaluation the statistics are constants. " +
    "h = weight * dL/dy is the gradient at xhat.",
};

function batchNormHtml(step, backward) {
  if (!step.parts) return "";
  const way = backward ? "backward" : "forward", parts = step.parts[way];
  const training = step.parts.backward.length > 2 ? "training" : "evaluation";
  const found = [
    `<details class="parts" id="parts"${state.openParts ? " open" : ""}>`,
    `<summary>Batch norm, taken apart: ${parts.map((part) => escaped(part.name)).join(", ")}</summary>`,
    `<p>${INTRODUCTIONS[backward ? training : "forward"]}</p>`,
    `<div class="pictures">${parts.map((part, j) => partFigure(part, way, j)).join("")}</div>`,
  ];
  if (backward) {
    const gap = `<span class="mono" id="gap">${number(step.parts.gap, 2)}</span>`;
    found.push(
      oneElement(step.parts),
      `<p>The paths add up to what the kernel gave: the largest difference is ${gap}.</p>`,
      sumsTable(parts),
    );
  }
  return `${found.join("")}</details>`;
}

function watchParts() {
  const details = document.getElementById("parts");
  if (!details) return;
  details.addEventListener("toggle", () => {
    const step = stepAt(state.moment);
    if (details.open === state.openParts && details.open === opened.has(step)) return;
    state.openParts = details.open;
    if (details.open) opened.add(step);
    else opened.delete(step);
    layOut();
    active = rowOf[step];
    showTapeSoon();
    if (details.open) drawFigures();
  });
}
