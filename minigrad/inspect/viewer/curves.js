"use strict";
// Two small curves along the tape, forward and back: the memory held, and the time of each step.
// Their moments are where the slider has them.

const BUCKETS = 600, TALL = 26;
const heads = []; // the lines that show where we are, and what to write beside them

// The area under the values of the moments from ``from`` to ``to``, of many the largest of each few.
function curvePath(values, from, to, most) {
  const n = to - from + 1, buckets = Math.min(BUCKETS, n), points = [];
  for (let i = 0; i < buckets; i++) {
    const begin = from + Math.floor((i * n) / buckets), end = from + Math.floor(((i + 1) * n) / buckets);
    let top = 0;
    for (let j = begin; j < end; j++) top = Math.max(top, values[j]);
    const y = TALL - (most ? (top / most) * (TALL - 2) : 0);
    points.push(`L${((begin + end - 1) / 2).toFixed(1)} ${y.toFixed(2)}`);
  }
  return `M${from} ${TALL}${points.join("")}L${to} ${TALL}Z`;
}

function addCurve(name, values, text) {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const label = document.createElement("p"), curve = document.createElement("div");
  curve.className = "curve";
  curve.dataset.curve = name;
  curve.title = "Click to go there";
  curve.innerHTML = [
    `<svg viewBox="0 0 ${Math.max(LAST, 1)} ${TALL}" preserveAspectRatio="none" role="img">`,
    `<path d="${curvePath(values, 0, N - 1, most)}"/>`,
    LAST >= N ? `<path class="back-half" d="${curvePath(values, N, LAST, most)}"/>` : "",
    '</svg><div class="head"></div>',
  ].join("");
  curve.addEventListener("click", (event) => {
    const box = curve.querySelector("svg").getBoundingClientRect();
    go(Math.round(((event.clientX - box.left) / box.width) * LAST));
  });
  document.getElementById("timeline").append(label, curve);
  heads.push({ label, curve, text, values, most });
}

function showHeads() {
  for (const { label, curve, text, values, most } of heads) {
    const words = text(values[state.moment], most);
    curve.style.setProperty("--at", state.moment / Math.max(LAST, 1));
    label.textContent = words;
    curve.querySelector("svg").setAttribute("aria-label", `${words}, along the tape`);
  }
}

function addCurves() {
  addCurve("memory", held, (now, most) => {
    return `Held: ${bytes(now)} of at most ${bytes(most)}`;
  });
  addCurve("time", took, (now, most) => {
    return `Time: ${now ? `${duration(now)}, slowest ${duration(most)}` : "not known"}`;
  });
}
