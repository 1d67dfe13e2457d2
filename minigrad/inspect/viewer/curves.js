"use strict";
// Two small curves along the tape, forward and back: the memory held, and the time of each step.

const BUCKETS = 400;
const heads = []; // the lines that show where we are, and what to write above them

function curvePath(values, from, to, most) {
  const n = to - from, buckets = Math.min(BUCKETS, n);
  if (!n) return "";
  const points = [];
  for (let i = 0; i < buckets; i++) {
    const begin = from + Math.floor((i * n) / buckets), end = from + Math.floor(((i + 1) * n) / buckets);
    let top = 0;
    for (let j = begin; j < end; j++) top = Math.max(top, values[j]);
    const y = 36 - (most ? (top / most) * 34 : 0);
    points.push(`L${(from + (i * n) / buckets).toFixed(2)} ${y.toFixed(2)}H${(from + ((i + 1) * n) / buckets).toFixed(2)}`);
  }
  return `M${from} 36${points.join("")}L${to} 36Z`;
}

function addCurve(name, values, text) {
  const most = values.reduce((a, b) => Math.max(a, b), 0), total = LAST + 1;
  const middle = Math.min(N, total);
  const curve = document.createElement("div");
  curve.className = "curve";
  curve.dataset.curve = name;
  curve.innerHTML = `<p></p><svg viewBox="0 0 ${total} 36" preserveAspectRatio="none" role="img"><path d="${curvePath(values, 0, middle, most)}"/><path class="back-half" d="${curvePath(values, middle, total, most)}"/></svg><div class="head"></div>`;
  curve.title = "Click to go there";
  curve.addEventListener("click", (event) => {
    const box = curve.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    go(Math.max(0, Math.min(LAST, Math.floor(share * total))));
  });
  document.getElementById("curves").append(curve);
  heads.push({ curve, text, values, most });
}

function showHeads() {
  for (const { curve, text, values, most } of heads) {
    const words = text(values[state.moment], most);
    curve.querySelector(".head").style.left = `${((state.moment + 0.5) / (LAST + 1)) * 100}%`;
    curve.querySelector("p").textContent = words;
    curve.querySelector("svg").setAttribute("aria-label", `${words}, along the tape`);
  }
}

function addCurves() {
  addCurve("memory", held, (now, most) => `Held for backward: ${bytes(now)} of at most ${bytes(most)}`);
  addCurve("time", took, (now, most) =>
    now ? `Time of this step: ${duration(now)}, slowest ${duration(most)}` : `Time of this step: not known`);
}
