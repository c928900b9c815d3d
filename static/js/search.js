// The one box: "/" or Ctrl-K from anywhere, arrows into the results, Esc empties and leaves. While it is empty, the
// patients opened lately stand under it.
import { isTyping } from "./find.js";
import { focusRow } from "./list-keys.js";

const field = () => document.querySelector("[data-search-input]");

function reach(input) {
  const form = input.closest("[data-search]");
  if (input.offsetParent === null) form?.classList.add("is-open");
  input.focus();
  input.select();
}

function showRecent(input) {
  const results = input.closest("[data-search]")?.querySelector("[data-search-results]");
  if (results && !input.value.trim() && !results.childElementCount) results.dispatchEvent(new CustomEvent("sutra:recent"));
}

export function startSearch() {
  document.addEventListener("focusin", (event) => {
    if (event.target === field()) showRecent(event.target);
  });
  document.addEventListener("keydown", (event) => {
    const input = field();
    if (!input) return;
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    const both = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if ((slash || both) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      reach(input);
      return;
    }
    const form = event.target instanceof Element ? event.target.closest("[data-search]") : null;
    if (!form) return;
    const results = form.querySelector("[data-search-results]");
    if (event.key === "Escape") {
      input.value = "";
      results?.replaceChildren();
      form.classList.remove("is-open");
      document.activeElement?.blur();
    } else if (event.key === "ArrowDown" && event.target === input && results) {
      if (focusRow(results, 1)) event.preventDefault();
    } else if (event.key === "ArrowUp" && results?.contains(event.target) && !focusRow(results, -1)) {
      event.preventDefault();
      input.focus();
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target !== field() || event.target.value.trim()) return;
    event.target.closest("[data-search]")?.querySelector("[data-search-results]")?.replaceChildren();
    showRecent(event.target);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-search-open]");
    const input = field();
    if (!link || !input) return;
    event.preventDefault();
    reach(input);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target instanceof Element ? event.target.closest("[data-search].is-open") : null;
    if (form && !form.contains(event.relatedTarget)) setTimeout(() => { if (!form.contains(document.activeElement)) form.classList.remove("is-open"); }, 150);
  });
}
