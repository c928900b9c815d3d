// In a note, "/word" and Tab or Enter writes the snippet of that word; a small list under each text does it by a press.
import { findAll } from "./find.js";

const TYPED = /(^|\s)\/([\p{L}\p{M}\p{N}_-]{1,24})$/u;

function write(field, start, end, text) {
  const words = field.matches("textarea") ? text : text.replace(/\s*\n\s*/g, " ");
  field.focus();
  field.setRangeText(words, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function expand(event, known) {
  const field = event.target;
  if (!["Tab", "Enter"].includes(event.key) || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (!field.matches("textarea, input.input:not([type=date])") || field.selectionStart !== field.selectionEnd) return;
  const found = TYPED.exec(field.value.slice(0, field.selectionStart));
  const text = found && known.get(found[2].normalize("NFC").toLowerCase());
  if (!text) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  write(field, field.selectionStart - found[2].length - 1, field.selectionStart, text);
}

function picker(area, box, known) {
  const details = document.createElement("details");
  details.className = "menu snippet-menu";
  details.dataset.menu = "";
  const summary = document.createElement("summary");
  summary.textContent = "/";
  summary.setAttribute("aria-label", box.dataset.label);
  summary.title = `${box.dataset.label}. ${box.dataset.hint}`;
  const list = document.createElement("ul");
  list.className = "menu-list at-start";
  for (const [word, text] of known) {
    const button = document.createElement("button");
    button.type = "button";
    const name = document.createElement("b");
    name.textContent = `/${word}`;
    const words = document.createElement("span");
    words.textContent = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    button.append(name, words);
    button.addEventListener("click", () => {
      details.open = false;
      const at = area.dataset.entered ? area.selectionStart : area.value.length;
      const gap = at > 0 && !/\s$/.test(area.value.slice(0, at)) ? " " : "";
      write(area, at, area.dataset.entered ? area.selectionEnd : at, gap + text);
    });
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  }
  const last = document.createElement("li");
  const link = document.createElement("a");
  link.href = box.dataset.own;
  link.textContent = box.dataset.ownLabel;
  last.append(link);
  list.append(last);
  details.append(summary, list);
  return details;
}

export function startSnippets(root) {
  const box = document.getElementById("snippets");
  if (!box) return;
  const known = new Map([...box.querySelectorAll("[data-word]")].map((item) => [item.dataset.word, item.dataset.text]));
  for (const form of findAll(root, "form[data-note]")) {
    form.addEventListener("keydown", (event) => expand(event, known), true);
    for (const area of form.querySelectorAll("textarea")) {
      area.addEventListener("focus", () => { area.dataset.entered = "yes"; });
      let group = area.parentElement.querySelector("[data-phrases-for]");
      if (!group) {
        if (!known.size) continue;
        group = document.createElement("div");
        group.className = "pick phrases";
        area.after(group);
      }
      group.append(picker(area, box, known));
    }
  }
}
