"use strict";
// Tensors as figures: caption, heat map, histogram, statistics; values under the pointer or by keys.

let figures = []; // what is drawn on the canvases that are on the page

const forgetFigures = () => { figures = []; };

function statistics(p) {
  const found = [];
  if (p.nan) found.push(`<strong>${p.nan} NaN</strong>`);
  if (p.inf) found.push(`<strong>${p.inf} Inf</strong>`);
  if (p.low !== null && p.low === p.high) found.push(`all ${number(p.low)}`);
  else if (p.low !== null) {
    found.push(`mean ${number(p.mean, 3)}`, `std ${number(p.std, 3)}`, `norm ${number(p.norm, 3)}`);
    if (!p.counts) found.push(`from ${number(p.low, 3)} to ${number(p.high, 3)}`);
    if (p.zeros) found.push(`${number(p.zeros * 100, 3)}% zeros`);
  }
  return found.join(" \u00b7 ");
}

const plain = (html) => html.replace(/<[^>]*>/g, "");

// A figure as HTML; its canvas is drawn by drawFigures() once it is on the page.
function figure(name, p, more = "") {
  const kind = p ? `<span>${shapeText(p.shape)} ${p.dtype}</span>` : "";
  const caption = `<figcaption><b>${escaped(name)}</b> ${more} ${kind}</figcaption>`;
  if (!p) return `<figure class="scalar">${caption}<p class="stats">not known</p></figure>`;
  const single = sizeOf(p.shape) === 1 && p.cells;
  if (single) {
    const value = revive(p.cells[0][0]), warn = Number.isFinite(value) ? "" : " warn";
    return `<figure class="scalar">${caption}<p class="value${warn}">${number(value, 6)}</p></figure>`;
  }
  const stats = statistics(p);
  let map = "";
  if (p.cells) {
    const label = `${name}, ${shapeText(p.shape)}: ${plain(stats)}. Arrow keys read the values.`;
    const about = `tabindex="0" role="img" aria-label="${escaped(label)}"`;
    map = `<canvas ${about} data-figure="${figures.length}"></canvas>`;
    figures.push({ picture: p, at: null });
  }
  if (p.at) map = `<p class="stats">Shown: [${p.at.join(", ")}]</p>${map}`;
  return `<figure>${caption}${map}${histogram(p)}<p class="stats">${stats}</p></figure>`;
}

function drawFigures() {
  const chosen = chosenElement(STEPS[stepAt(state.moment)]);
  for (const canvas of document.querySelectorAll("canvas[data-figure]")) {
    const shown = figures[canvas.dataset.figure];
    drawHeatMap(canvas, shown.picture, shown.at || markOf(shown.picture, chosen));
  }
}

// The cell of the chosen element in a picture, if it has all elements.
function markOf(p, chosen) {
  if (!chosen || !isWhole(p)) return null;
  if (p.shape.length > chosen.shape.length) return null;
  const place = narrowed(chosen.place, chosen.shape, p.shape), columns = p.cells[0].length;
  return place < sizeOf(p.shape) ? [Math.floor(place / columns), place % columns] : null;
}

function showTip(text, x, y) {
  const tip = document.getElementById("tip");
  tip.hidden = false;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(x + 12, window.innerWidth - box.width - 6)}px`;
  tip.style.top = `${Math.max(y - box.height - 8, 4)}px`;
}

const hideTip = () => { document.getElementById("tip").hidden = true; };

function cellUnder(canvas, event) {
  const p = figures[canvas.dataset.figure].picture, box = canvas.getBoundingClientRect();
  const rows = p.cells.length, columns = p.cells[0].length;
  const clamp = (x, most) => Math.max(0, Math.min(most - 1, Math.floor(x)));
  return [
    clamp(((event.clientY - box.top) / box.height) * rows, rows),
    clamp(((event.clientX - box.left) / box.width) * columns, columns),
  ];
}

// Let the rule show the element at a cell, if the picture has the shape of the output.
function choose(p, cell) {
  const step = STEPS[stepAt(state.moment)], out = outputPicture(step);
  if (!isWhole(p) || !isWhole(out) || String(p.shape) !== String(out.shape)) return;
  const element = cell[0] * p.cells[0].length + cell[1];
  if (element !== state.element) {
    state.element = element;
    showRule();
  }
}

function watchFigures(place) {
  const canvasOf = (event) => event.target.closest && event.target.closest("canvas[data-figure]");
  const point = (event) => {
    const canvas = canvasOf(event);
    if (!canvas) return hideTip();
    const p = figures[canvas.dataset.figure].picture, cell = cellUnder(canvas, event);
    showTip(cellText(p, ...cell), event.clientX, event.clientY);
    choose(p, cell);
  };
  place.addEventListener("pointermove", point);
  place.addEventListener("pointerdown", point); // a finger does not hover
  place.addEventListener("pointerleave", hideTip);
  place.addEventListener("keydown", (event) => {
    const canvas = canvasOf(event);
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!canvas || !move) return;
    event.preventDefault();
    event.stopPropagation();
    const shown = figures[canvas.dataset.figure], p = shown.picture;
    const clamp = (x, most) => Math.max(0, Math.min(most - 1, x));
    shown.at = shown.at
      ? [clamp(shown.at[0] + move[0], p.cells.length), clamp(shown.at[1] + move[1], p.cells[0].length)]
      : [0, 0];
    choose(p, shown.at);
    drawHeatMap(canvas, p, shown.at);
    const box = canvas.getBoundingClientRect(), text = cellText(p, ...shown.at);
    const x = box.left + ((shown.at[1] + 0.5) / p.cells[0].length) * box.width;
    const y = box.top + ((shown.at[0] + 0.5) / p.cells.length) * box.height;
    showTip(text, x, y);
    document.getElementById("live").textContent = text;
  });
  place.addEventListener("focusout", (event) => {
    if (canvasOf(event)) hideTip();
  });
}
