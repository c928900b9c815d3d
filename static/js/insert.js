// data-insert="{name}": a press writes it where the caret last was, in a field with data-insert-into.
let last = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-insert-into]")) last = event.target;
});

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  if (!chip) return;
  const fields = chip.closest("[data-inserts]").querySelectorAll("[data-insert-into]");
  const field = last?.isConnected ? last : fields[fields.length - 1];
  field.setRangeText(chip.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
