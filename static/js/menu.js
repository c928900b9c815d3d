// Menus are <details data-menu>: one open at a time, closed by Esc, a click elsewhere or leaving.
export function startMenus() {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element ? event.target.closest("details[data-menu]") : null;
    if (!menu) return;
    const items = [...menu.querySelectorAll(".menu-list a, .menu-list button")].filter((item) => item.offsetParent !== null);
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!menu.open) menu.open = true;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const here = items.indexOf(document.activeElement);
      const next = here < 0 ? (step > 0 ? 0 : items.length - 1) : (here + step + items.length) % items.length;
      requestAnimationFrame(() => items[next]?.focus());
      event.preventDefault();
    }
  });
}
