"use strict";
// The tape, and time on it: moments 0 .. N - 1 run the steps forward, the N after that backward.

const DATA = JSON.parse(document.getElementById("data").textContent);
const STEPS = DATA.steps, LEAVES = DATA.leaves, PICTURES = DATA.pictures;
const N = STEPS.length;
const LAST = DATA.freed ? N - 1 : 2 * N - 1; // of a freed tape the gradients are not known
const LETTERS = "abcdefgh";

const state = {
  moment: 0,
  element: 0, // which element's numbers are filled into the rule
  openParts: false, // whether batch norm is taken apart
  part: null, // the part that was chosen in the list
};

const isBackward = (moment) => moment >= N;
const stepAt = (moment) => (moment < N ? moment : 2 * N - 1 - moment);
const momentOf = (step, backward) => (backward && !DATA.freed ? 2 * N - 1 - step : step);
const letter = (i) => LETTERS[Math.min(i, LETTERS.length - 1)];
const picture = (index) => (index === null || index === undefined ? null : PICTURES[index]);

for (const step of STEPS) {
  Object.assign(step, DATA.operations[step.name], DATA.places[step.place]);
}

// users[step]: the steps that use its outputs; arrivals[leaf]: when a gradient arrives there.
const users = STEPS.map(() => []);
const arrivals = LEAVES.map(() => []);
STEPS.forEach((step, number) => {
  for (const source of step.inputs) {
    const list = source.step === undefined ? null : users[source.step];
    if (list && list[list.length - 1] !== number) list.push(number);
  }
});
for (let number = N - 1; number >= 0; number--) {
  STEPS[number].inputs.forEach((source, i) => {
    const sum = STEPS[number].sums[i];
    if (source.leaf !== undefined && sum !== null && sum !== undefined) {
      arrivals[source.leaf].push({ moment: momentOf(number, true), sum });
    }
  });
}

function sourceName(source) {
  if (source.leaf !== undefined) return LEAVES[source.leaf].name;
  if (source.step === undefined) return "constant";
  const several = STEPS[source.step].values.length > 1 ? `.${source.output}` : "";
  return `${source.step + 1}${several} ${STEPS[source.step].op}`;
}

const wantsGrad = (source) => source.step !== undefined || source.leaf !== undefined;

// The value that went into a step, as far as it is known.
function inputPicture(step, i) {
  const noted = step.ins ? picture(step.ins[i]) : null;
  if (noted) return noted;
  const source = step.inputs[i];
  if (!source) return null;
  if (source.leaf !== undefined) return picture(LEAVES[source.leaf].value);
  return source.step === undefined ? null : picture(STEPS[source.step].values[source.output]);
}

// A picture in the shape of a step's output.
function outputPicture(step) {
  const index = [...step.values, ...step.grads].find((p) => p !== null && p !== undefined);
  return picture(index);
}

// How many of a leaf's gradients have arrived by a moment.
function arrived(leaf, moment) {
  const list = arrivals[leaf];
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].moment <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

// What is held for the backward pass after each moment, and how long each took.
const held = new Float64Array(LAST + 1), took = new Float64Array(LAST + 1);
for (let moment = 0, sum = 0; moment <= LAST; moment++) {
  const step = STEPS[stepAt(moment)];
  sum += isBackward(moment) ? -step.saved : step.saved;
  held[moment] = sum;
  took[moment] = (isBackward(moment) ? step.back : step.seconds) || 0;
}
