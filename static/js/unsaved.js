// data-unsaved: leaving with something typed asks first. data-dirty says so to others (the panel's veil, for one).
export function startUnsaved() {
  const sent = new WeakSet();
  const touch = (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-unsaved]") : null;
    if (form) form.dataset.dirty = "yes";
  };
  document.addEventListener("input", touch);
  document.addEventListener("change", touch);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.dirty) return;
    sent.add(form);
    delete form.dataset.dirty;
  });
  // What was not taken is still only here.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (sent.delete(form) && form.isConnected && !event.detail.successful) form.dataset.dirty = "yes";
  });
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-dirty]")) event.preventDefault();
  });
}
