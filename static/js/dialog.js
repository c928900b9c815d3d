// Dialogs and the panel: opened by data-dialog-open, closed by Esc or data-dialog-close, the focus goes back.
// The panel opens when htmx has put something into #panel-content, and empties itself when it closes.
const openers = new WeakMap();

// What is outside an open dialog can be neither reached nor heard: the notices go in with it, and out again.
function takeNotices() {
  const region = document.getElementById("toasts");
  const home = [...document.querySelectorAll("dialog[open]")].pop() ?? document.body;
  if (region && region.parentElement !== home) home.append(region);
}

export function openDialog(dialog, opener = document.activeElement) {
  if (!dialog || dialog.open) return;
  openers.set(dialog, opener);
  dialog.showModal();
  takeNotices();
  const first = dialog.querySelector("[autofocus], [data-dialog-focus]") ?? dialog.querySelector("[aria-invalid=true]");
  first?.focus();
}

function giveBack(dialog) {
  const opener = openers.get(dialog);
  openers.delete(dialog);
  if (!opener) return;
  const again = opener.isConnected ? opener : opener.id && document.getElementById(opener.id);
  if (again) again.focus({ preventScroll: true });
  else document.getElementById("main")?.focus({ preventScroll: true });
}

// A form that is closed without being sent gives back the place it kept.
function letGo(dialog) {
  const form = dialog.querySelector("form[data-let-go]");
  if (form) fetch(form.dataset.letGo, { method: "POST", body: new FormData(form), keepalive: true }).catch(() => {});
}

export function startDialogs() {
  let pressed = null;
  for (const dialog of document.querySelectorAll("dialog[data-dialog-now]")) openDialog(dialog);

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog) {
        event.preventDefault();
        openDialog(dialog, opener);
      }
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    const dialog = closer?.closest("dialog");
    if (dialog?.open) {
      event.preventDefault();
      dialog.close();
    }
  });

  // A press on the veil closes, unless it began inside (selecting text) or something typed would be lost.
  document.addEventListener("pointerdown", (event) => { pressed = event.target; });
  document.addEventListener("click", (event) => {
    const dialog = event.target;
    if (!(dialog instanceof HTMLDialogElement) || !dialog.open || pressed !== dialog || dialog.querySelector("[data-dirty]")) return;
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close();
  });

  // `close` does not bubble: listen on the way down.
  document.addEventListener("close", (event) => {
    const dialog = event.target;
    if (!(dialog instanceof HTMLDialogElement)) return;
    takeNotices();
    letGo(dialog);
    if (dialog.id === "panel") document.getElementById("panel-content")?.replaceChildren();
    giveBack(dialog);
    dialog.dispatchEvent(new CustomEvent("sutra:closed", { bubbles: true }));
  }, true);

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "panel-content") openers.set(event.detail.target, event.detail.elt);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target?.id !== "panel-content") return;
    const panel = document.getElementById("panel");
    if (!target.firstElementChild) { if (panel.open) panel.close(); return; }
    const opener = openers.get(target) ?? document.activeElement;
    if (!panel.open) openDialog(panel, opener);
  });
  // The server closes what it opened: HX-Trigger "sutra:close".
  document.addEventListener("sutra:close", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });
}
