// The pages of a paper: larger and smaller, by buttons and by + and -; the arrows lead to the papers beside it.
const LAST = 4;
const pages = document.querySelector("[data-paper-pages]");
const bar = document.querySelector("[data-paper-bar]");
let level = 0;

function zoom(change) {
  if (!pages) return;
  const middle = (pages.scrollTop + pages.clientHeight / 2) / Math.max(pages.scrollHeight, 1);
  level = Math.min(Math.max(level + change, 0), LAST);
  pages.dataset.level = String(level);
  pages.scrollTop = middle * pages.scrollHeight - pages.clientHeight / 2;
  for (const button of bar.querySelectorAll("[data-zoom]")) {
    button.disabled = button.dataset.zoom === "in" ? level === LAST : level === 0;
  }
}

if (bar) {
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button) zoom(button.dataset.zoom === "in" ? 1 : -1);
  });
  zoom(0);
}
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog")) return;
  const link = { ArrowLeft: "[data-paper-newer]", ArrowRight: "[data-paper-older]" }[event.key];
  if (event.key === "+" || event.key === "=") zoom(1);
  else if (event.key === "-") zoom(-1);
  else if (link && level === 0) document.querySelector(link)?.click();
  else return;
  event.preventDefault();
});
