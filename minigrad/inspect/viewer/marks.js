"use strict";
// Where numbers go wrong: the first NaN, Inf, vanishing and exploding ones, and wrong gradients.

const rms = (p) => revive(p.norm) / Math.sqrt(Math.max(sizeOf(p.shape), 1));

// What is wrong with a gradient, or null.
function gradientTrouble(p, toLeaf) {
  if (!p || !sizeOf(p.shape)) return null;
  if (p.nan) return "NaN";
  if (p.inf) return "Inf";
  if (rms(p) > DATA.exploding) return "exploding";
  // (that of a bias before a batch norm is 0 but for rounding: no sign of a deep network's trouble)
  return !toLeaf && rms(p) < DATA.vanishing ? "vanishing" : null;
}

// flags[step]: what is wrong there, forward and back; firsts: the moments where it begins.
const flags = STEPS.map(() => ({ forward: new Set(), backward: new Set() }));
const firsts = [];

function note(seen, kind, moment, text) {
  if (seen.has(kind)) return;
  seen.add(kind);
  firsts.push({ kind, moment, text });
}

(function findInValues() {
  const seen = new Set();
  STEPS.forEach((step, i) => {
    const known = step.values.map(picture).filter(Boolean);
    for (const [kind, count] of [["NaN", "nan"], ["Inf", "inf"]]) {
      if (!known.some((p) => p[count])) continue;
      flags[i].forward.add(kind);
      const from = step.inputs.findIndex((_, j) => (inputPicture(step, j) || {})[count]);
      const how = from < 0 ? "" : `, came in by ${letter(from)}`;
      note(seen, kind, i, `First ${kind}: output of ${i + 1} ${step.op}${how}`);
    }
  });
})();

(function findInGradients() {
  const seen = new Set();
  for (let i = N - 1; i >= 0 && !DATA.freed; i--) {
    const step = STEPS[i], moment = momentOf(i, true);
    for (const p of step.grads.map(picture)) {
      const kind = gradientTrouble(p, false);
      if (!kind) continue;
      flags[i].backward.add(kind);
      note(seen, kind, moment, `First ${kind} gradient: arrives at ${i + 1} ${step.op}`);
    }
    step.passed.map(picture).forEach((p, j) => {
      const kind = gradientTrouble(p, step.inputs[j].leaf !== undefined);
      if (!kind) return;
      flags[i].backward.add(kind);
      const size = p.nan || p.inf ? "" : ` (rms ${number(rms(p), 2)})`;
      const where = `leaves ${i + 1} ${step.op} for ${letter(j)}${size}`;
      note(seen, kind, moment, `First ${kind} gradient: ${where}`);
    });
  }
})();

(function findWrongGradients() {
  const names = DATA.suspects.map((s) => `${s} ${STEPS[s - 1].op}`);
  if (!names.length) return;
  const moment = momentOf(DATA.suspects[DATA.suspects.length - 1] - 1, true);
  firsts.push({ kind: "suspect", moment, text: `First wrong gradient: made by ${names.join(" or ")}` });
})();

function showMarks() {
  const place = document.getElementById("marks");
  place.innerHTML = firsts
    .map((mark, i) => `<button type="button" data-mark="${i}">\u26a0 ${escaped(mark.text)}</button>`)
    .join("");
  if (!firsts.length) {
    const gradients = DATA.freed
      ? "no NaN or Inf in the values"
      : "no NaN or Inf, and no vanishing (root mean square below " +
        `${number(DATA.vanishing)}) or exploding (above ${DATA.exploding}) gradients`;
    place.innerHTML = `<p class="fine">Found ${gradients}.</p>`;
  }
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mark]");
    if (button) go(firsts[button.dataset.mark].moment);
  });
}

// The badges of a step in the list, as HTML; "first" is said where something begins.
function badges(i) {
  const found = [];
  for (const [direction, sign] of [["forward", "\u2193"], ["backward", "\u2191"]]) {
    for (const kind of flags[i][direction]) {
      const moment = direction === "forward" ? i : momentOf(i, true);
      const first = firsts.some((mark) => mark.moment === moment && mark.kind === kind);
      const look = first ? "bad" : "quiet";
      found.push(`<span class="badge ${look}">${first ? "first " : ""}${kind} ${sign}</span>`);
    }
  }
  if (DATA.suspects.includes(i + 1)) found.push('<span class="badge bad">suspect</span>');
  const verdict = STEPS[i].verdict;
  if (verdict) {
    const [sign, word] = verdictWord(verdict).split(/ (.*)/);
    found.push(verdict.agrees
      ? `<span class="badge good" title="Finite differences agree"><span aria-hidden="true">${sign}</span>` +
        `<span class="unseen"> gradient is ${word} </span></span>`
      : '<span class="badge bad" title="Finite differences do not agree">\u2717 wrong</span>');
  }
  return found.join("");
}
