// data-phrase-for="id": a press writes the button's words at the end of that field, as a sentence of its own.
export function startPhrases() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-phrase-for]");
    const field = button && document.getElementById(button.dataset.phraseFor);
    if (!field || field.disabled || field.readOnly) return;
    const phrase = (button.dataset.phrase || button.textContent).trim();
    const before = field.value.trimEnd();
    const joint = before === "" ? "" : /[.!?।:;,]$/.test(before) ? " " : ". ";
    field.value = `${before}${joint}${phrase}.`;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
