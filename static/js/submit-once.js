// A form marked data-submit-once is sent once; it comes back to life if the answer does not replace it.
export function setBusy(form, busy, submitter = null) {
  if (busy) form.dataset.busy = "yes";
  else delete form.dataset.busy;
  // A button may belong to the form and stand outside it.
  for (const button of form.elements) if (!busy) button.classList.remove("is-busy");
  if (busy && submitter) submitter.classList.add("is-busy");
  form.setAttribute("aria-busy", busy ? "true" : "false");
}

export function startSubmitOnce() {
  // The browser's own check stops the event before it gets here, so a form that is not sent is not marked.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-submit-once")) return;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    setBusy(form, true, event.submitter);
    // Should no answer replace the page in that time, the form may be sent again.
    setTimeout(() => { if (form.isConnected) setBusy(form, false); }, 15000);
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form[data-submit-once]");
    if (form) setBusy(form, false);
  });
  // Back from another page: what the browser kept is alive again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-busy]")) setBusy(form, false);
  });
}
