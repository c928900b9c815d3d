// The patient's pages carry little: what a page does not use is not fetched.
import { startErrors, focusFirstError } from "./errors.js";
import { startSubmitOnce } from "./submit-once.js";
import { startToasts, takeToasts } from "./toast.js";

startToasts();
startErrors();
startSubmitOnce();

const has = (root, selector) => root.querySelector(selector) || (root instanceof Element && root.matches(selector));

// Behaviours that are fetched when an element asks for them.
const WANTED = [
  ["[data-code]", "./code.js", (module, root) => module.startCode(root)],
  ["[data-countdown]", "./countdown.js", (module, root) => module.startCountdown(root)],
  ["form[data-autosave]", "./autosave.js", (module, root) => module.startAutosave(root)],
  ["[data-day-thread]", "./day-thread.js", (module, root) => module.startDayThread(root)],
  ["[data-push]", "./push.js", (module, root) => module.startPush(root)],
  ["[data-print]", "./print.js", (module, root) => module.startPrint(root)],
  ["[data-signature]", "./signature.js", (module, root) => module.startSignatures(root)],
  ["[data-choose-papers]", "./choose-papers.js", (module, root) => module.startChoosePapers(root)],
  ["form[data-upload]", "./papers.js", (module, root) => module.startPapers(root)],
  ["[data-clinic-zone]", "./zones.js", (module, root) => module.startZones(root)],
];
// These listen on the document: once is enough.
const WANTED_ONCE = [
  ["dialog, [data-dialog-open]", "./dialog.js", (module) => module.startDialogs()],
  ["details[data-menu]", "./menu.js", (module) => module.startMenus()],
  ["[data-saved-note]", "./intake.js", (module) => module.startSavedNotes()],
  ["form[data-unsaved]", "./unsaved.js", (module) => module.startUnsaved()],
];
const started = new Set();

function attach(root) {
  for (const [selector, file, start] of WANTED) if (has(root, selector)) import(file).then((module) => start(module, root));
  for (const [selector, file, start] of WANTED_ONCE) {
    if (started.has(file) || !has(root, selector)) continue;
    started.add(file);
    import(file).then(start);
  }
  takeToasts(root);
}

async function fetchHtmx() {
  const { startNetwork } = await import("./network.js");
  startNetwork();
  const script = document.createElement("script");
  script.src = document.body.dataset.htmx;
  script.integrity = document.body.dataset.htmxIntegrity;
  document.head.append(script);
}

attach(document);
// The worker is a thing of the signed-in pages; it is asked for once everything else is there.
if ("serviceWorker" in navigator && location.pathname.startsWith("/portal")) addEventListener("load", () => import("./install.js").then((module) => module.startInstall()));
focusFirstError(document);
if (/[\u0900-\u097f]/.test(document.body.textContent)) import("./letters.js").then((module) => module.fetchMissingLetters());
document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) attach(event.detail.elt); });
if (document.querySelector("[hx-get], [hx-post], [hx-put], [hx-delete], [hx-trigger], [hx-boost]")) fetchHtmx();
