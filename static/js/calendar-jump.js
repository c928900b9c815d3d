// Many columns: a name typed brings its column into view, Enter goes into it.
import { once } from "./find.js";

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function columnOf(text) {
  const wanted = fold(text.trim());
  if (!wanted) return null;
  const columns = [...document.querySelectorAll(".cal-col")];
  return columns.find((column) => fold(column.dataset.name).startsWith(wanted)) ?? columns.find((column) => fold(column.dataset.name).includes(wanted));
}

export function startJump() {
  once(document, "[data-cal-jump]", "Jump", (input) => {
    input.closest("[data-needs-script]").hidden = false;
    const show = () => {
      for (const head of document.querySelectorAll(".cal-head.is-found")) head.classList.remove("is-found");
      const column = columnOf(input.value);
      if (!column) return null;
      const scroll = column.closest(".cal-scroll");
      const gutter = scroll.querySelector(".cal-hours").offsetWidth;
      scroll.scrollTo({ left: column.offsetLeft - gutter });
      document.getElementById(column.getAttribute("aria-labelledby"))?.closest(".cal-head").classList.add("is-found");
      return column;
    };
    input.addEventListener("input", show);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      show()?.querySelector(".appt[href], .cal-gap")?.focus();
    });
  });
}
