"use strict";
// The list of operations.  Only the rows in view are on the page, so that its length costs nothing.

const list = document.getElementById("tape"), inner = document.getElementById("rows");
const SPARE = 6; // rows that are drawn above and below the view
let active = 0; // the row that the arrow keys have come to
let hits = new Set(); // the steps that were searched for
let drawing = false;

function groupHtml(entry) {
  const { name, kind, from, to } = groups[entry.group], count = to - from + 1;
  const about = `${kind ? `${escaped(kind)}, ` : ""}${count} operation${count === 1 ? "" : "s"}`;
  const marks = folded.has(entry.group) ? groupBadges(from, to) : "";
  return `<span>${escaped(name)}</span><span class="from">${about}</span>${marks}`;
}

function partHtml(entry) {
  const part = STEPS[entry.step].parts[entry.way][entry.part];
  const sign = entry.way === "forward" ? "\u2193" : "\u2191";
  const name = `<span>${sign} ${escaped(part.name)}</span>`;
  return `<span class="number"></span>${name}<code>${escaped(part.formula)}</code>`;
}

function stepHtml(entry) {
  const step = STEPS[entry.step], out = outputPicture(step);
  const from = step.inputs
    .filter(wantsGrad)
    .map((x) => (x.step === undefined ? LEAVES[x.leaf].name : x.step + 1));
  return [
    `<span class="number">${entry.step + 1}</span><span class="op">${escaped(step.op)}</span>`,
    `<span class="from">${escaped(from.join(", "))}</span>${badges(entry.step)}`,
    `<span class="shape">${out ? shapeText(out.shape) : "?"}</span>`,
  ].join("");
}

function rowHtml(entry, row) {
  const open = isOpen(entry), current = stepAt(state.moment), isCurrent = row === rowOf[current];
  const sign = open === null ? "" : open ? "\u25be" : "\u25b8";
  const classes = ["row", entry.kind];
  if (isCurrent) classes.push("current");
  if (row === active) classes.push("active");
  if (entry.kind === "step" && hits.has(entry.step)) classes.push("hit");
  const later = isBackward(state.moment) ? entry.step < current : entry.step > current;
  if (entry.kind === "step" && later) classes.push("later");
  const inside = { group: groupHtml, part: partHtml, step: stepHtml }[entry.kind](entry);
  return [
    `<div class="${classes.join(" ")}" id="row${row}" data-row="${row}" style="top:${row * ROW}px"`,
    ` role="treeitem" aria-level="${entry.depth + 1}" aria-selected="${isCurrent}"`,
    ` aria-setsize="${rows.length}" aria-posinset="${row + 1}"`,
    open === null ? ">" : ` aria-expanded="${open}">`,
    `<span class="indent" style="width:${Math.min(entry.depth, 8) * 14}px"></span>`,
    `<span class="toggle" aria-hidden="true"${open === null ? "" : " data-toggle"}>${sign}</span>`,
    `${inside}</div>`,
  ].join("");
}

function groupBadges(from, to) {
  const kinds = new Set();
  for (let i = from; i <= to; i++) {
    for (const kind of [...flags[i].forward, ...flags[i].backward]) kinds.add(kind);
    if (DATA.suspects.includes(i + 1)) kinds.add("suspect");
  }
  return [...kinds].map((kind) => `<span class="badge bad">${kind}</span>`).join("");
}

function showTape() {
  const top = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const bottom = Math.min(rows.length - 1, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  const html = [];
  for (let row = top; row <= bottom; row++) html.push(rowHtml(rows[row], row));
  const height = (bottom - top + 1) * ROW;
  const lines = arcsBetween(top, bottom, rowOf[stepAt(state.moment)]);
  const place = `style="top:${top * ROW}px;height:${height}px"`;
  html.push(`<svg id="arcs" aria-hidden="true" width="68" height="${height}" ${place}>${lines}</svg>`);
  inner.style.height = `${rows.length * ROW}px`;
  inner.innerHTML = html.join("");
  list.setAttribute("aria-activedescendant", `row${active}`);
}

// Draw the list again when the browser next draws, however often this is called until then.
function showTapeSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    showTape();
  });
}

// Have a row in view, with some of its neighbours.
function scrollTo(row) {
  const margin = Math.min(3 * ROW, list.clientHeight / 3), top = row * ROW;
  if (top - margin < list.scrollTop) list.scrollTop = top - margin;
  else if (top + ROW + margin > list.scrollTop + list.clientHeight) {
    list.scrollTop = top + ROW + margin - list.clientHeight;
  }
}

function choosePart(entry) {
  state.openParts = true;
  state.part = { way: entry.way, part: entry.part };
  go(momentOf(entry.step, entry.way === "backward"), true);
}

// Go to what a row stands for: a step, a part of it, or, of a module, nowhere.
function enter(row) {
  const entry = rows[row];
  active = row;
  if (entry.kind === "step") go(momentOf(entry.step, isBackward(state.moment)));
  else if (entry.kind === "part") choosePart(entry);
  else showTape();
  active = row;
  scrollTo(row);
  showTapeSoon();
}

list.addEventListener("scroll", showTapeSoon, { passive: true });
list.addEventListener("click", (event) => {
  const element = event.target.closest("[data-row]");
  if (!element) return;
  const row = Number(element.dataset.row), entry = rows[row];
  if (event.target.closest("[data-toggle]") || entry.kind === "group") {
    active = row;
    toggle(entry);
    if (entry.kind === "step") showStep();
  } else enter(row);
});
list.addEventListener("keydown", (event) => {
  const entry = rows[active], open = isOpen(entry);
  const turns = entry.kind === "group" || entry.kind === "step";
  if (event.key === "ArrowDown") enter(Math.min(active + 1, rows.length - 1));
  else if (event.key === "ArrowUp") enter(Math.max(active - 1, 0));
  else if (event.key === "Enter" && turns && open !== null) toggle(entry);
  else if (entry.kind === "group" && event.key === (open ? "ArrowLeft" : "ArrowRight")) toggle(entry);
  else return;
  if (entry.kind === "step" && event.key === "Enter") showStep();
  event.preventDefault();
  event.stopPropagation();
});
