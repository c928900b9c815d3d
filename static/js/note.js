// Writing a note: phrases go into the text at the cursor, measurements are marked as they are typed, a picked answer can be
// taken back, and the foot says what is still missing whenever the server has saved.
import { findAll } from "./find.js";
import { startMended } from "./mended.js";
import { startSnippets } from "./snippets.js";
import { startVitals } from "./vitals.js";

// At the cursor; at the end of a text nobody has put the cursor into yet.
function insert(area, phrase) {
  const start = area.dataset.entered ? area.selectionStart : area.value.length;
  const end = area.dataset.entered ? area.selectionEnd : start;
  const before = area.value.slice(0, start);
  const gap = before && !/\s$/.test(before) ? " " : "";
  const after = /^\S/.test(area.value.slice(end)) ? " " : "";
  area.focus();
  area.setRangeText(gap + phrase + after, start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function startPhrases(root) {
  for (const group of findAll(root, "[data-phrases-for]")) {
    const area = document.getElementById(group.dataset.phrasesFor);
    if (!area) continue;
    group.hidden = false;
    area.addEventListener("focus", () => { area.dataset.entered = "yes"; });
    group.addEventListener("click", (event) => {
      const phrase = event.target.closest("[data-phrase]")?.dataset.phrase;
      if (phrase) insert(area, phrase);
    });
  }
}

// A second tap on the picked answer takes it back.
function startClearable(root) {
  for (const group of findAll(root, "[data-clearable]")) {
    let picked = group.querySelector("input:checked");
    group.addEventListener("click", (event) => {
      const radio = event.target.closest("input[type=radio]");
      if (!radio) return;
      if (radio === picked) {
        radio.checked = false;
        picked = null;
        radio.dispatchEvent(new Event("change", { bubbles: true }));
      } else picked = radio;
    });
  }
}

function line(lead, labels, bad) {
  const text = document.createElement("p");
  if (bad) text.className = "danger";
  text.append(`${lead} `);
  const strong = document.createElement("b");
  strong.textContent = labels.join(", ");
  text.append(strong);
  return text;
}

function startMissing(root) {
  for (const foot of findAll(root, "[data-note-missing]")) {
    let shown = "";
    document.querySelector("form[data-note]")?.addEventListener("sutra:saved", (event) => {
      const { missing = [], wrong = [] } = event.detail ?? {};
      const key = JSON.stringify([missing, wrong]);
      if (key === shown) return;
      shown = key;
      const lines = [];
      if (missing.length) lines.push(line(foot.dataset.missing, missing, false));
      if (wrong.length) lines.push(line(foot.dataset.wrong, wrong, true));
      if (!lines.length) {
        const ready = document.createElement("p");
        ready.textContent = foot.dataset.ready;
        lines.push(ready);
      }
      foot.replaceChildren(...lines);
    });
  }
}

// A text taken over is nobody's old words any more once somebody changes it.
function startMarks(root) {
  for (const form of findAll(root, "form[data-note]")) {
    form.addEventListener("input", (event) => {
      if (event.target.name?.startsWith("still-")) return;
      const field = event.target.closest(".field.is-marked");
      const line = field?.querySelector("[data-mark]");
      if (!line) return;
      field.classList.remove("is-marked", "is-confirmed");
      line.hidden = true;
    });
  }
}

// Enter in a line is no wish to send the form: what was typed is being saved anyway.
function startEnter(root) {
  for (const form of findAll(root, "form[data-note]")) {
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
    });
  }
}

for (const start of [startSnippets, startEnter, startMarks, startPhrases, startVitals, startClearable, startMissing]) start(document);
for (const form of findAll(document, "form[data-note]")) startMended(form);
