// Whether a page holds something that its reader would lose with it.
import { POSTED } from "./watch-session.js";

export function holdsSomething() {
  // A form that asks before it is left may have been drawn anew around what was typed: it counts as it stands.
  return [...document.querySelectorAll(POSTED)].some((form) => isOpen(form) && (form.matches("[data-unsaved]") || isTyped(form)));
}

function isOpen(form) {
  const dialog = form.closest("dialog");
  return !dialog || dialog.open;
}

function isTyped(form) {
  return Boolean(form.querySelector("[aria-invalid=true]")) || [...form.elements].some(isChanged);
}

function isChanged(control) {
  if (control instanceof HTMLSelectElement) return isChosen(control);
  if (control instanceof HTMLTextAreaElement) return control.value !== control.defaultValue;
  if (!(control instanceof HTMLInputElement) || control.type === "hidden") return false;
  if (["checkbox", "radio"].includes(control.type)) return control.checked !== control.defaultChecked;
  return control.type === "file" ? control.files.length > 0 : control.value !== control.defaultValue;
}

// Where nothing was marked as chosen, a list shows its first line.
function isChosen(select) {
  const options = [...select.options];
  const marked = select.multiple || options.some((option) => option.defaultSelected);
  return marked ? options.some((option) => option.selected !== option.defaultSelected) : select.selectedIndex > 0;
}
