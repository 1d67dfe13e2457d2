"use strict";
// The current step: what goes in and out, the rule, the gradients that arrive and leave.

const place = document.getElementById("step");

function whereHtml(step) {
  const found = [];
  if (step.module && step.module.length) found.push(escaped(step.module.join(" \u203a ")));
  if (step.line) found.push(`${escaped(step.line)} <code>${escaped(step.text)}</code>`);
  return found.length ? `<p class="where">${found.join(" \u00b7 ")}</p>` : "";
}

function linkTo(source) {
  if (source.step === undefined) return escaped(sourceName(source));
  return `<a href="#step" data-step="${source.step}">${escaped(sourceName(source))}</a>`;
}

const linkToStep = (step) => linkTo({ step, output: 0 });

function valuesIn(step) {
  return step.inputs.map((source, i) => figure(letter(i), inputPicture(step, i), linkTo(source))).join("");
}

function valuesOut(step) {
  return step.values.map((p, i) => figure(step.values.length > 1 ? `y.${i}` : "y", picture(p))).join("");
}

// (where both slopes are no larger than what is uncertain, no more than that can be said)
function verdictWord(verdict) {
  if (!verdict.agrees) return "\u2717 wrong";
  return verdict.decides ? "\u2713 right" : "\u2248 within noise";
}

function verdictHtml(verdict, of) {
  if (!verdict && DATA.checked) return '<p class="where">Not checked by finite differences.</p>';
  if (!verdict) return "";
  const word = verdictWord(verdict);
  const mono = (x) => `<span class="mono">${number(x, 6)}</span>`;
  return [
    `<p class="verdict${verdict.agrees ? "" : " wrong"}"><span class="word">${word}</span>: `,
    `${of} says that the result changes by ${mono(verdict.analytic)}; `,
    `finite differences measure ${mono(verdict.numeric)} `,
    `(uncertain by ${number(verdict.noise, 2)}, by rounding and kinks). `,
    "Both are slopes along one direction of random signs.</p>",
  ].join("");
}

function suspectHtml(number) {
  if (!DATA.suspects.includes(number + 1)) return "";
  const others = DATA.suspects.length > 1 ? " (or one of the other suspects)" : "";
  return [
    '<p class="verdict wrong"><span class="word">\u26a0 First suspect</span>: the gradient that arrives ',
    "here is right or could not be checked, and one that leaves is wrong, so this step's backward ",
    `makes it${others}.</p>`,
  ].join("");
}

function forwardHtml(step, number) {
  const saves = step.freed
    ? "What it saved is freed."
    : `Saves ${bytes(step.saved)} for the backward pass; ${bytes(held[state.moment])} are held now.`;
  const rules = step.inputs.map((source, i) => (wantsGrad(source) ? ruleOf(step, i) : "")).filter(Boolean);
  return [
    `<h3>In</h3><div class="pictures">${valuesIn(step)}</div>`,
    `<h3>Out</h3><div class="pictures">${valuesOut(step)}</div>`,
    batchNormHtml(step, false),
    `<p>${saves}</p>`,
    rules.length ? `<p class="where">In backward: <code>${rules.join("; ")}</code></p>` : "",
  ].join("");
}

// What a step adds to the gradient of one input, in words.
function ruleOf(step, i) {
  if (!step.rule) return "";
  const rule = step.rule[Math.min(i, step.rule.length - 1)];
  return `dL/d${letter(i)} += ${escaped(spelled(rule))}`;
}

// The rule, and under each line the numbers of the chosen element.
function ruleHtml(step) {
  if (!step.rule) return "<p>No rule is known for this operation: see its vjp.</p>";
  const element = chosenElement(step), many = choices(step).length;
  const lines = step.inputs.map((source, i) => {
    if (!wantsGrad(source)) return "";
    const head = `<p><code>${ruleOf(step, i)}</code></p>`;
    const filled = element && filledIn(step, i), worked = workedOut(step, i);
    if (worked) return `${head}<p class="filled mono">dL/d${letter(i)}${worked}</p>`;
    if (!filled) return head;
    const copies = filled.copies > 1
      ? ` <span class="where">(one of ${filled.copies} that are added up: ${letter(i)} was broadcast)</span>`
      : "";
    const given = filled.close ? "" : ` <span class="warn">but the vjp gave ${number(filled.given)}</span>`;
    const numbers = `dL/d${letter(i)} += ${filled.text} = ${number(filled.value)}`;
    return `${head}<p class="filled mono">${numbers}${copies}${given}</p>`;
  });
  if (element && many > 1) {
    lines.push(
      `<p class="chooser">Numbers of element <b class="mono">${indices(element.place, element.shape)}</b>`,
      '<button type="button" data-element="-1" aria-label="Element before">\u2039</button>',
      '<button type="button" data-element="1" aria-label="Element after">\u203a</button></p>',
    );
  }
  return lines.join("");
}

function showRule() {
  const rule = document.getElementById("rule");
  if (rule) rule.innerHTML = ruleHtml(STEPS[stepAt(state.moment)]);
}

function arrivingHtml(step, number) {
  if (!step.grads.length) return "<p>No gradient arrives here.</p>";
  const from = users[number].map(linkToStep);
  let origin = "The result itself: its gradient is 1.";
  if (from.length === 1) origin = `From ${from[0]}.`;
  else if (from.length > 8) origin = `The sum of what ${from.length} operations passed on.`;
  else if (from.length) {
    origin = `The sum of what ${from.slice(0, -1).join(", ")} and ${from[from.length - 1]} passed on.`;
  }
  const name = (i) => (step.grads.length > 1 ? `dL/dy.${i}` : "dL/dy");
  const figures = step.grads.map((p, i) => figure(name(i), picture(p)));
  return `<div class="pictures">${figures.join("")}</div><p class="where">${origin}</p>`;
}

function leavingHtml(step) {
  const found = step.inputs.map((source, i) => {
    if (!wantsGrad(source)) return "";
    const passed = picture(step.passed[i]), name = `dL/d${letter(i)}`;
    if (source.leaf === undefined) return figure(name, passed, `\u2192 ${linkTo(source)}`);
    const leaf = LEAVES[source.leaf], all = arrivals[source.leaf].length;
    const count = arrived(source.leaf, state.moment);
    const target = `\u2192 ${escaped(leaf.name)}.grad`;
    if (all <= 1) return figure(name, passed, target);
    const sum = figure(`${leaf.name}.grad`, picture(step.sums[i]), `so far, ${count} of ${all} added up`);
    return figure(name, passed, target) + sum;
  });
  return `<div class="pictures">${found.join("")}</div>`;
}

function backwardHtml(step, number) {
  const freed = step.saved ? `Frees ${bytes(step.saved)} that were saved` : "Frees nothing";
  return [
    `<h3>Gradient arriving</h3>${arrivingHtml(step, number)}`,
    verdictHtml(step.verdict, "the gradient that arrives here"),
    suspectHtml(number),
    `<h3>Rule</h3><div class="rule" id="rule">${ruleHtml(step)}</div>`,
    `<h3>Gradients leaving</h3>${leavingHtml(step)}`,
    batchNormHtml(step, true),
    `<p>${freed}; ${bytes(held[state.moment])} are held now.</p>`,
    `<h3>Values</h3><div class="pictures">${valuesIn(step)}${valuesOut(step)}</div>`,
  ].join("");
}

function showStep() {
  const number = stepAt(state.moment), step = STEPS[number], backward = isBackward(state.moment);
  forgetFigures();
  const phase = backward ? "Backward \u2191" : "Forward \u2193";
  const name = `${number + 1} ${escaped(step.op)} <small>${escaped(step.name)}</small>`;
  place.innerHTML = [
    `<h2><span class="phase">${phase}</span>${name}</h2>`,
    whereHtml(step),
    backward ? backwardHtml(step, number) : forwardHtml(step, number),
  ].join("");
  drawFigures();
  watchParts();
}

// One sentence on the current step, for screen readers.
function inWords() {
  const i = stepAt(state.moment), step = STEPS[i], backward = isBackward(state.moment);
  const p = picture(backward ? step.grads[0] : step.values[0]);
  let about = "not known";
  if (p) {
    const single = sizeOf(p.shape) === 1 && p.cells;
    about = `${shapeText(p.shape)}, ${single ? number(p.cells[0][0]) : plain(statistics(p))}`;
  }
  const found = [
    `${backward ? "Backward" : "Forward"}, step ${i + 1} of ${N}, ${step.op}.`,
    `${backward ? "Gradient arriving" : "Output"} ${about}.`,
  ];
  const wrong = [...flags[i][backward ? "backward" : "forward"]];
  if (wrong.length) found.push(`Warning: ${wrong.join(", ")}.`);
  return found.join(" ");
}

place.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]"), button = event.target.closest("[data-element]");
  if (link) {
    event.preventDefault();
    go(momentOf(Number(link.dataset.step), isBackward(state.moment)));
  }
  if (button) {
    const many = choices(STEPS[stepAt(state.moment)]).length;
    state.element = (Math.min(state.element, many - 1) + Number(button.dataset.element) + many) % many;
    showRule();
    drawFigures();
    place.querySelector(`[data-element="${button.dataset.element}"]`).focus();
  }
});
watchFigures(place);
