"use strict";
// How numbers are written.  In the data NaN is null and an infinite number a text.

function revive(x) {
  return x === null || x === undefined ? NaN : Number(x);
}

function number(x, digits = 4) {
  x = revive(x);
  if (Number.isNaN(x)) return "NaN";
  const sign = x < 0 ? "\u2212" : "", size = Math.abs(x);
  if (size === Infinity) return sign + "\u221e";
  if (size === 0) return "0";
  if (size >= 1e-3 && size < 1e6) return sign + String(Number(size.toPrecision(digits)));
  const [mantissa, exponent] = size.toExponential(Math.max(digits - 2, 0)).split("e");
  return `${sign}${Number(mantissa)}e${exponent.replace("+", "").replace("-", "\u2212")}`;
}

function bytes(size) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (size < 1000 || unit === "GB") return `${unit === "B" ? size : size.toFixed(1)} ${unit}`;
    size /= 1000;
  }
}

function duration(seconds) {
  if (seconds < 1e-3) return `${number(seconds * 1e6, 3)} \u00b5s`;
  return seconds < 1 ? `${number(seconds * 1e3, 3)} ms` : `${number(seconds, 3)} s`;
}

function shapeText(shape) {
  return shape.length ? shape.join("\u00d7") : "scalar";
}

function sizeOf(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

function escaped(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (c) => names[c]);
}

// The indices of an element by its place in the flattened tensor, such as "[0, 3]".
function indices(place, shape) {
  const found = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    found.unshift(place % shape[i]);
    place = Math.floor(place / shape[i]);
  }
  return `[${found.join(", ")}]`;
}
