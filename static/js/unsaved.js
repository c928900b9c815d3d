// data-unsaved: leaving with something typed asks first. data-dirty says so to others (the panel's veil, for one).
export function startUnsaved() {
  const touch = (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-unsaved]") : null;
    if (form) form.dataset.dirty = "yes";
  };
  document.addEventListener("input", touch);
  document.addEventListener("change", touch);
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement) delete event.target.dataset.dirty;
  });
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-dirty]")) event.preventDefault();
  });
}
