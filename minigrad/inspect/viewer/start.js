"use strict";
// The page begins here, when everything else is known.

function facts() {
  const saved = STEPS.reduce((sum, step) => sum + step.saved, 0);
  const found = [
    `${N} operation${N === 1 ? "" : "s"}`,
    `${LEAVES.length} ${LEAVES.length === 1 ? "leaf" : "leaves"}`,
    `${bytes(saved)} saved for the backward pass`,
  ];
  if (DATA.freed) found.push("freed by a backward pass, so no gradients are known");
  if (!DATA.recorded) found.push("not recorded: only values that some gradient needs are known");
  if (DATA.checked) {
    const verdicts = [...STEPS, ...LEAVES].map((x) => x.verdict).filter(Boolean);
    const right = verdicts.filter((verdict) => verdict.agrees && verdict.decides).length;
    const wrong = verdicts.filter((verdict) => !verdict.agrees).length;
    const small = verdicts.length - right - wrong;
    found.push(`${verdicts.length} gradients checked by finite differences: ${right} right, ` +
      `${small ? `${small} too small to tell, ` : ""}${wrong || "none"} wrong`);
  }
  return found.join(" \u00b7 ");
}

byId("facts").textContent = facts();
watchControls();
layOut();
addCurves();
addLeaves();
showMarks();
go(0);
showTape();
window.addEventListener("resize", showTapeSoon);
