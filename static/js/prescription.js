// Writing a prescription: each line says in words what the server understood, Enter goes on to the next medicine, and
// changing what kind of medicine it is draws its fields anew.
import { once } from "./find.js";
import { startMended } from "./mended.js";

// What was said before is left alone while somebody types a reason in it.
function put(place, html) {
  if (!place || place.dataset.said === html || place.contains(document.activeElement)) return;
  place.dataset.said = html;
  place.innerHTML = html;
  window.htmx?.process(place);
}

function startWords(form) {
  form.addEventListener("sutra:saved", (event) => {
    const { lines = {}, foot } = event.detail ?? {};
    for (const [id, line] of Object.entries(lines)) {
      const row = form.querySelector(`[data-rx-line="${CSS.escape(id)}"]`);
      put(row?.querySelector("[data-rx-said]"), line.said);
      const quantity = form.elements.namedItem(`line-${id}-quantity`);
      if (quantity) quantity.placeholder = line.reckoned;
    }
    if (foot !== undefined) put(form.querySelector("[data-rx-foot]"), foot);
  });
}

// Enter within a line goes to where the next medicine is typed; in a reason it presses the button beside it.
function startEnter(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input:not([type=checkbox])")) return;
    const beside = event.target.closest(".rx-accept, .rx-keep")?.querySelector("button[type=submit]");
    if (beside) {
      event.preventDefault();
      // Pressed, not handed over: htmx sends along only the button that it saw pressed.
      beside.click();
    } else if (event.target.closest("[data-rx-line]")) {
      event.preventDefault();
      form.elements.namedItem("new-name")?.focus();
    }
  });
}

function startRedraw(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-rx-redraw]")) form.requestSubmit();
  });
}

export function startPrescription(root) {
  once(root, "[data-rx] form", "Prescription", (form) => {
    for (const start of [startWords, startEnter, startMended, startRedraw]) start(form);
    const added = form.querySelector("[data-rx-line] [autofocus]");
    // What the clinic usually gives is replaced by typing; what was typed before this ran stays.
    if (added && added.value === added.defaultValue) { added.focus(); added.select(); }
  });
}
