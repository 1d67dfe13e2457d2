"use strict";
// Going from moment to moment: buttons, keys, slider, playing, search, and the theme.

const byId = (id) => document.getElementById(id);
let timer = null, said = 0;

// Show a moment.  ``keepPart`` keeps the chosen part of a batch norm.
function go(moment, keepPart = false) {
  const before = stepAt(state.moment);
  state.moment = Math.max(0, Math.min(LAST, moment));
  const step = stepAt(state.moment);
  if (step !== before) {
    state.element = 0;
    byId("side").scrollTop = 0;
  }
  if (!keepPart) state.part = null;
  if (STEPS[step].parts && !keepPart) state.openParts = opened.has(step);
  if (keepPart && !opened.has(step)) {
    opened.add(step);
    layOut();
  }
  active = rowOf[step];
  document.body.classList.toggle("back", isBackward(state.moment));
  scrollTo(active);
  showTapeSoon();
  showStep();
  showLeaves();
  showHeads();
  showPlayer();
  announce();
}

function showPlayer() {
  const backward = isBackward(state.moment), step = stepAt(state.moment);
  const text = `${backward ? "Backward" : "Forward"}, step ${step + 1} of ${N}`;
  byId("slider").value = state.moment;
  byId("slider").setAttribute("aria-valuetext", `${text}, ${STEPS[step].op}`);
  byId("moment").textContent = text;
  byId("first").disabled = byId("previous").disabled = state.moment === 0;
  byId("last").disabled = byId("next").disabled = state.moment === LAST;
  byId("turn").disabled = DATA.freed;
}

// Tell screen readers, but not sixty times a second.
function announce() {
  const now = performance.now();
  if (timer !== null && now - said < 1500) return;
  said = now;
  byId("live").textContent = inWords();
}

function stop() {
  clearInterval(timer);
  timer = null;
  showPlaying();
}

function play() {
  if (timer !== null) return stop();
  if (state.moment === LAST) go(0);
  timer = setInterval(() => {
    if (state.moment === LAST) stop();
    else go(state.moment + 1);
  }, 1000 / Number(byId("speed").value));
  showPlaying();
}

function showPlaying() {
  const playing = timer !== null;
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  byId("play").querySelector("path").setAttribute("d", playing ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 3v10l9-5z");
}

const otherWay = () => go(momentOf(stepAt(state.moment), !isBackward(state.moment)));

const KEYS = {
  ArrowRight: () => go(state.moment + 1),
  ArrowLeft: () => go(state.moment - 1),
  Home: () => go(0),
  End: () => go(LAST),
  " ": play,
  b: otherWay,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  const target = event.target, kind = target.tagName;
  if (kind === "SELECT" || (kind === "INPUT" && target.type === "search")) return;
  if (kind === "INPUT" && event.key !== " " && event.key !== "b") return; // the slider knows its keys
  if (event.key === " " && (kind === "BUTTON" || kind === "SUMMARY" || kind === "A")) return;
  event.preventDefault();
  KEYS[event.key]();
}

// ---------------------------------------------------------------- search

// What is searched: first operations, parameters and modules; if none has it, lines of the program.
const names = STEPS.map((step, i) => {
  const leaves = step.inputs.map((x) => (x.leaf === undefined ? "" : LEAVES[x.leaf].name));
  return [i + 1, step.name, (step.module || []).join("."), ...leaves].join(" ").toLowerCase();
});
const programLines = STEPS.map((step) => `${step.line} ${step.text}`.toLowerCase());
let matches = [];

function search() {
  const words = byId("search").value.trim().toLowerCase();
  const among = (texts) => texts.flatMap((text, i) => (text.includes(words) ? [i] : []));
  matches = words ? among(names) : [];
  if (words && !matches.length) matches = among(programLines);
  hits = new Set(matches);
  showFound();
  if (matches.length) scrollTo(rowOf[matches.find((i) => i >= stepAt(state.moment)) ?? matches[0]]);
  showTapeSoon();
}

function showFound() {
  const words = byId("search").value.trim(), at = matches.indexOf(stepAt(state.moment));
  const count = `${matches.length} match${matches.length === 1 ? "" : "es"}`;
  byId("found").textContent = !words ? "" : at < 0 ? count : `${at + 1} of ${count}`;
  byId("found-next").disabled = byId("found-previous").disabled = !matches.length;
}

// Go to the next match in the list, or the one before.
function nextMatch(way) {
  if (!matches.length) return;
  const here = stepAt(state.moment);
  const found = way > 0
    ? matches.find((i) => i > here) ?? matches[0]
    : matches.findLast((i) => i < here) ?? matches[matches.length - 1];
  reveal(found);
  go(momentOf(found, isBackward(state.moment)));
  showFound();
}

// ---------------------------------------------------------------- the theme

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light theme" : "Dark theme";
  readPalette();
}

function watchControls() {
  byId("slider").max = LAST;
  byId("slider").addEventListener("input", () => go(Number(byId("slider").value)));
  byId("first").addEventListener("click", () => go(0));
  byId("previous").addEventListener("click", () => go(state.moment - 1));
  byId("next").addEventListener("click", () => go(state.moment + 1));
  byId("last").addEventListener("click", () => go(LAST));
  byId("turn").addEventListener("click", otherWay);
  byId("play").addEventListener("click", play);
  byId("speed").addEventListener("change", () => {
    if (timer !== null) { stop(); play(); }
  });
  document.addEventListener("keydown", onKey);
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
  });
  byId("found-next").addEventListener("click", () => nextMatch(1));
  byId("found-previous").addEventListener("click", () => nextMatch(-1));
  byId("fold").addEventListener("click", () => {
    foldAll();
    byId("fold").textContent = folded.size ? "Unfold all" : "Fold all";
  });
  byId("fold").hidden = !groups.length;
  byId("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme !== "dark");
    showStep();
  });
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => {
    setTheme(dark.matches);
    showStep();
  });
  setTheme(dark.matches);
  showFound();
}
