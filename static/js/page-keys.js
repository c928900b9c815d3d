// One key for what a page offers most: `data-key="n"` on a link or button, several keys apart by blanks.
// Typing, dialogs and every modifier key keep their own meaning; Shift only where it makes the letter.
const TYPING = "input, textarea, select, [contenteditable], [role=listbox]";

export function startPageKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    // Inside a list the arrows and j/k walk its rows.
    if (event.target.closest?.("[data-list-keys], .cal-scroll") && event.key.startsWith("Arrow")) return;
    const key = CSS.escape(event.key);
    const target = document.querySelector(`[data-key~="${key}"]`);
    if (!target) return;
    event.preventDefault();
    target.click();
  });
}
