// Boxes of measurements: marked as they are typed, a blood pressure typed in one go. Used within a note and outside one.
import { findAll } from "./find.js";

const DIGITS = "०१२३४५६७८९";

function numberOf(text) {
  const plain = text.trim().replace(/[०-९]/g, (digit) => DIGITS.indexOf(digit)).replace(",", ".");
  if (!plain) return null;
  return /^[0-9]{1,4}([.][0-9]{1,2})?$/.test(plain) ? Number(plain) : Number.NaN;
}

// Units people use at home, where the row takes them: 5'5", 137 lb and 98.6 F become ours once the box is left.
const HOME = {
  height: (text) => {
    const feet = text.match(/^(\d)\s*(?:'|′|’|ft|feet|foot)\s*(?:(\d{1,2}(?:[.,]\d)?)\s*(?:"|″|”|''|in|inch|inches)?)?$/i);
    if (feet) return (Number(feet[1]) * 12 + Number((feet[2] ?? "0").replace(",", "."))) * 2.54;
    const metres = text.match(/^(\d[.,]\d{1,2})\s*m$/i);
    return metres ? Number(metres[1].replace(",", ".")) * 100 : null;
  },
  weight: (text) => {
    const pounds = text.match(/^(\d{1,4}(?:[.,]\d{1,2})?)\s*(?:lb|lbs|pound|pounds)$/i);
    return pounds ? Number(pounds[1].replace(",", ".")) * 0.45359237 : null;
  },
  temperature: (text) => {
    const fahrenheit = text.match(/^(\d{2,3}(?:[.,]\d{1,2})?)\s*°?\s*f$/i);
    return fahrenheit ? (Number(fahrenheit[1].replace(",", ".")) - 32) / 1.8 : null;
  },
};

const atHome = (box) => box.closest("[data-home-units]") && box.name in HOME;

function intoOurs(box) {
  const value = atHome(box) ? HOME[box.name](box.value.trim()) : null;
  if (value !== null) box.value = String(Math.round(value * 10) / 10);
}

// What is wrong with a cell, or worth a look. While a number is still being typed, one that is only too short is let be.
function judge(cell, typing) {
  const boxes = [...cell.querySelectorAll("input")];
  const values = boxes.map((box) => numberOf(box.value));
  for (const [at, box] of boxes.entries()) {
    const value = values[at];
    if (value === null) continue;
    if (Number.isNaN(value) && typing === box && atHome(box)) return { words: "" };
    if (Number.isNaN(value)) return { words: cell.dataset.number, wrong: box };
    const growing = typing === box && value < Number(box.dataset.least);
    if (growing) return { words: "" };
    if (value < Number(box.dataset.least) || value > Number(box.dataset.most)) return { words: box.dataset.range, wrong: box };
  }
  if (boxes.length === 2 && values[0] !== null && values[1] !== null && values[0] <= values[1]) return { words: cell.dataset.pair, wrong: boxes[1] };
  for (const [at, box] of boxes.entries()) {
    const value = values[at];
    if (value === null) continue;
    const { flagLow, flagHigh, flagAbove } = box.dataset;
    if (flagLow && value < Number(flagLow)) return { words: typing === box ? "" : cell.dataset.low };
    if ((flagHigh && value >= Number(flagHigh)) || (flagAbove && value > Number(flagAbove))) return { words: cell.dataset.high };
  }
  return { words: "" };
}

function mark(cell, typing = null) {
  const { words, wrong } = judge(cell, typing);
  cell.classList.toggle("is-flagged", Boolean(words));
  for (const box of cell.querySelectorAll("input")) {
    if (box === wrong) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
  }
  const said = cell.querySelector("[data-said]");
  if (!said) return;
  said.hidden = !words;
  const place = said.querySelector("[data-said-words]");
  if (place.textContent !== words) place.textContent = words;
}

// A blood pressure in one go: on a stroke, or once no digit more can follow, the second box is next. Back leads back.
function startPair(cell) {
  const [upper, lower] = cell.querySelectorAll(".pair > input");
  if (!lower) return;
  upper.addEventListener("keydown", (event) => {
    if (!["/", " ", "-"].includes(event.key) || !upper.value.trim()) return;
    event.preventDefault();
    lower.focus();
    lower.select();
  });
  upper.addEventListener("input", (event) => {
    const both = upper.value.match(/^\s*(\S+?)\s*[/ -]\s*(\S*)\s*$/);
    if (both) {
      [, upper.value, lower.value] = both;
      lower.focus();
      lower.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const value = numberOf(upper.value);
    const full = value !== null && value * 10 > Number(upper.dataset.most);
    if (full && event.inputType === "insertText" && upper.selectionEnd === upper.value.length) {
      lower.focus();
      lower.select();
    }
  });
  // Three digits led here already: the stroke that is typed all the same belongs between the two, not to this one.
  lower.addEventListener("input", () => {
    if (upper.value && /^[/ -]/.test(lower.value)) lower.value = lower.value.replace(/^[/ -]+/, "");
  });
  lower.addEventListener("keydown", (event) => {
    if (event.key !== "Backspace" || lower.value) return;
    event.preventDefault();
    upper.focus();
  });
}

export function startVitals(root) {
  for (const cell of findAll(root, "[data-vital]")) {
    cell.addEventListener("input", (event) => mark(cell, event.target));
    cell.addEventListener("focusout", (event) => {
      intoOurs(event.target);
      mark(cell);
    });
    startPair(cell);
  }
}
