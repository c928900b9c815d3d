// A field with what it may become under it, in [data-suggest]: arrow down goes into the list, up and out again to the
// field; Escape empties the list. Typing goes on in the field, also after one of them was chosen.
import { focusRow } from "./list-keys.js";

export function startSuggest() {
  document.addEventListener("keydown", (event) => {
    const form = event.target instanceof Element ? event.target.closest("[data-suggest]") : null;
    if (!form) return;
    const input = form.querySelector("[data-suggest-input]");
    const list = form.querySelector("[data-suggest-list]");
    if (!input || !list) return;
    if (event.key === "ArrowDown" && event.target === input) {
      if (focusRow(list, 1)) event.preventDefault();
    } else if (event.key === "ArrowUp" && list.contains(event.target) && !focusRow(list, -1)) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && list.childElementCount) {
      event.preventDefault();
      list.replaceChildren();
      input.focus();
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-suggest-input]") && !event.target.value.trim()) {
      event.target.closest("[data-suggest]")?.querySelector("[data-suggest-list]")?.replaceChildren();
    }
  });
  let sent = "";
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target instanceof Element ? event.target.closest("[data-suggest]") : null;
    sent = form && event.detail.requestConfig?.verb === "post" ? form.querySelector("[data-suggest-input]")?.id ?? "" : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (sent && document.activeElement === document.body) document.getElementById(sent)?.focus();
    sent = "";
  });
}
