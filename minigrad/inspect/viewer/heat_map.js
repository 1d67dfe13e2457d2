"use strict";
// Small heat maps on canvases: orange above zero, blue below; every value can be read.

const WIDEST = 264, HIGHEST = 190;
let palette = null;

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => style.getPropertyValue(name).split(",").map(Number);
  palette = {
    negative: rgb("--negative"),
    neutral: rgb("--neutral"),
    positive: rgb("--positive"),
    bad: hexRgb(style.getPropertyValue("--bad").trim()),
    text: style.getPropertyValue("--text"),
    panel: style.getPropertyValue("--panel"),
    mono: style.getPropertyValue("--mono"),
  };
}

function mixed(share) {
  const end = share < 0 ? palette.negative : palette.positive, t = Math.min(Math.abs(share), 1);
  return palette.neutral.map((c, i) => Math.round(c + (end[i] - c) * t));
}

const css = (rgb) => `rgb(${rgb.join(",")})`;

function inkOn(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
}

// The size of the largest finite number in a picture: full colour.
function scaleOf(p) {
  let largest = 0;
  for (const row of p.cells) for (const x of row) {
    const size = Math.abs(revive(x));
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  return largest || 1;
}

// How wide and high each cell is.
function cellSize(p) {
  const rows = p.cells.length, columns = p.cells[0].length;
  const wide = Math.min(44, WIDEST / columns);
  const high = Math.min(24, HIGHEST / rows, Math.max(wide, rows <= 4 ? 14 : 3));
  return [wide, high];
}

function drawHeatMap(canvas, p, chosen) {
  const rows = p.cells.length, columns = p.cells[0].length;
  const [wide, high] = cellSize(p), ratio = window.devicePixelRatio || 1;
  const width = Math.ceil(wide * columns), height = Math.ceil(high * rows);
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.aspectRatio = `${width} / ${height}`;
  const draw = canvas.getContext("2d"), scale = scaleOf(p);
  draw.scale(ratio, ratio);
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  draw.font = `10.5px ${palette.mono}`;
  p.cells.forEach((row, i) => row.forEach((x, j) => {
    const value = revive(x), finite = Number.isFinite(value);
    const colour = finite ? mixed(value / scale) : palette.bad;
    const left = j * wide, top = i * high;
    draw.fillStyle = css(colour);
    draw.fillRect(left, top, Math.ceil(wide), Math.ceil(high));
    const text = number(value, wide >= 40 ? 3 : 2);
    if (wide >= 30 && high >= 14) {
      draw.fillStyle = inkOn(colour);
      draw.fillText(text, left + wide / 2, top + high / 2 + 0.5, wide - 3);
    } else if (!finite && wide >= 5 && high >= 5) {
      draw.strokeStyle = inkOn(colour); // a cross, for those who see no colour
      draw.beginPath();
      draw.moveTo(left + 1.5, top + 1.5);
      draw.lineTo(left + wide - 1.5, top + high - 1.5);
      draw.moveTo(left + wide - 1.5, top + 1.5);
      draw.lineTo(left + 1.5, top + high - 1.5);
      draw.stroke();
    }
    if (chosen && chosen[0] === i && chosen[1] === j) {
      draw.strokeStyle = palette.text;
      draw.lineWidth = 2;
      draw.strokeRect(left + 1, top + 1, Math.max(wide - 2, 1), Math.max(high - 2, 1));
      draw.lineWidth = 1;
    }
  }));
  drawBorders(draw, p, width, high);
}

// Lines between the matrices of a tensor of many.
function drawBorders(draw, p, width, high) {
  const each = p.shape[p.shape.length - 2];
  if (p.shape.length < 3 || p.at || p.block[0] > 1 || each * high < 6) return;
  draw.fillStyle = palette.panel;
  for (let row = each; row < p.cells.length; row += each) draw.fillRect(0, row * high - 1, width, 2);
}

function hexRgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// What is to be said of one cell.
function cellText(p, row, column) {
  const value = number(p.cells[row][column], 6), [high, wide] = p.block;
  if (high > 1 || wide > 1) {
    const range = (i, step) => `${i * step}\u2013${(i + 1) * step - 1}`;
    return `mean of rows ${range(row, high)}, columns ${range(column, wide)}: ${value}`;
  }
  const inside = indices(row * p.cells[0].length + column, p.at ? p.shape.slice(-2) : p.shape);
  return `${p.at ? `[${p.at.join(", ")}, ${inside.slice(1)}` : inside}: ${value}`;
}

function histogram(p) {
  if (!p.counts || p.counts.length < 2) return "";
  const most = Math.max(...p.counts), low = revive(p.low), high = revive(p.high);
  const scale = Math.max(Math.abs(low), Math.abs(high)) || 1, n = p.counts.length;
  const bars = p.counts.map((count, i) => {
    if (!count) return "";
    const tall = Math.max((count / most) * 25, 1), middle = low + ((i + 0.5) / n) * (high - low);
    const colour = css(mixed(0.35 * Math.sign(middle) + 0.65 * (middle / scale)));
    const place = `x="${i * 5}" y="${26 - tall}" width="4.4" height="${tall}"`;
    return `<rect ${place} fill="${colour}"><title>${count}</title></rect>`;
  });
  const [from, to] = [number(low, 3), number(high, 3)];
  return [
    `<div class="histogram"><span>${from}</span>`,
    `<svg viewBox="0 0 ${n * 5} 26" preserveAspectRatio="none" role="img" `,
    `aria-label="Histogram from ${from} to ${to}">${bars.join("")}</svg><span>${to}</span></div>`,
  ].join("");
}
