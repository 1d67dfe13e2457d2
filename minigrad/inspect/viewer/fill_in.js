"use strict";
// The rule of a step with the numbers of one element filled in.

// A formula with dL/dy for the letter g, as one reads it.
function spelled(formula) {
  return formula.replace(/(?<![\w.])g(?![\w(])/g, "dL/dy");
}

const isWhole = (p) => Boolean(p && p.cells && !p.at && p.block[0] === 1 && p.block[1] === 1);

// The place in a tensor of ``shape`` of an element of a tensor of ``wide``, which it is broadcast to.
function narrowed(place, wide, shape) {
  let found = 0, stride = 1;
  for (let i = 1; i <= wide.length; i++) {
    const length = wide[wide.length - i], own = i <= shape.length ? shape[shape.length - i] : 1;
    if (own > 1) found += (place % length) * stride;
    stride *= own;
    place = Math.floor(place / length);
  }
  return found;
}

// The element at a place of a picture that has all of them, else undefined.
function elementOf(p, place) {
  if (!isWhole(p)) return undefined;
  const columns = p.cells[0].length;
  return revive(p.cells[Math.floor(place / columns)][place % columns]);
}

// The elements among which one is chosen: their places in the output.
function choices(step) {
  const out = outputPicture(step);
  if (!out || !step.elementwise) return [];
  if (isWhole(out) || !step.elements) {
    return isWhole(out) ? Array.from({ length: sizeOf(out.shape) }, (_, i) => i) : [];
  }
  return step.elements.places;
}

// All numbers of the chosen element: {place, shape, inputs, y, g, passed}; undefined if unknown.
function chosenElement(step) {
  const places = choices(step), out = outputPicture(step);
  if (!places.length) return null;
  const which = Math.min(state.element, places.length - 1), place = places[which];
  const shape = out.shape;
  const at = (p) => (p ? elementOf(p, narrowed(place, shape, p.shape)) : undefined);
  if (isWhole(out)) {
    return {
      place, shape,
      inputs: step.inputs.map((_, i) => at(inputPicture(step, i))),
      y: at(picture(step.values[0])),
      g: at(picture(step.grads[0])),
      passed: step.inputs.map((_, i) => at(picture(step.passed[i]))),
    };
  }
  const kept = (list) => (list ? revive(list[which]) : undefined);
  return {
    place, shape,
    inputs: step.inputs.map((_, i) => kept(step.elements.inputs[i])),
    y: kept(step.elements.output),
    g: kept(step.elements.grad),
    passed: step.inputs.map((_, i) => kept(step.elements.passed[i])),
  };
}

// "2 * 3 = 6" for one input of an elementwise step, or null where a number is not known.
function filledIn(step, i) {
  const element = chosenElement(step);
  if (!element) return null;
  const formula = step.rule[Math.min(i, step.rule.length - 1)];
  const known = { a: element.inputs[0], b: element.inputs[1], y: element.y, g: element.g };
  const letters = formula.match(/(?<![\w.])[abyg](?![\w(])/g) || [];
  if (letters.some((name) => known[name] === undefined)) return null;
  const text = formula.replace(/(?<![\w.])[abyg](?![\w(])/g, (name) => {
    const x = number(known[name], 5);
    return x.startsWith("\u2212") ? `(${x})` : x;
  });
  const functions = FORMULAS[step.op];
  const value = Number(functions[Math.min(i, functions.length - 1)](known.a, known.b, known.y, known.g));
  const target = picture(step.passed[i]), size = target ? sizeOf(target.shape) : 0;
  const copies = size ? sizeOf(element.shape) / size : 1;
  const given = copies === 1 ? element.passed[i] : undefined;
  return { text, value, copies, given, close: given === undefined || isClose(given, value) };
}

function isClose(x, y) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return Object.is(x, y);
  return Math.abs(x - y) <= 1e-3 * Math.max(Math.abs(x), Math.abs(y), 1e-6);
}
