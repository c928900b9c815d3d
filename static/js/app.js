// Starts every behaviour once and again for what htmx puts into the page.
import { startAutosave } from "./autosave.js";
import { startChoiceKeys } from "./choice-keys.js";
import { startCode } from "./code.js";
import { startCountdown } from "./countdown.js";
import { startDayThread } from "./day-thread.js";
import { startDialogs } from "./dialog.js";
import { focusFirstError, startErrors } from "./errors.js";
import { startKeepFocus } from "./keep-focus.js";
import { startLines } from "./lines.js";
import { startListKeys } from "./list-keys.js";
import { startMenus } from "./menu.js";
import { startNetwork } from "./network.js";
import { startPageKeys } from "./page-keys.js";
import { startPhrases } from "./phrases.js";
import { startPrint } from "./print.js";
import { startSearch } from "./search.js";
import { startSubmitOnce } from "./submit-once.js";
import { startSuggest } from "./suggest.js";
import { startTabs } from "./tabs.js";
import { startToasts, takeToasts } from "./toast.js";
import { startUnsaved } from "./unsaved.js";
import { startWatchSession, watchSession } from "./watch-session.js";

// These listen on the document, so what is swapped in later is theirs too.
for (const start of [startToasts, startDialogs, startErrors, startChoiceKeys, startKeepFocus, startLines, startListKeys, startMenus, startNetwork, startPageKeys, startPhrases, startSearch, startSubmitOnce, startSuggest, startUnsaved, startWatchSession]) start();

// These look at the elements they serve.
function attach(root) {
  startCode(root);
  startCountdown(root);
  startAutosave(root);
  startDayThread(root);
  startPrint(root);
  startTabs(root);
  takeToasts(root);
  watchSession(root);
  if (root.matches?.("[data-rx]") || root.querySelector("[data-rx]")) import("./prescription.js").then((module) => module.startPrescription(root));
  if (root.querySelector("form[data-upload]")) import("./papers.js").then((module) => module.startPapers(root));
  if (document.getElementById("calendar")) import("./calendar.js").then((module) => module.startCalendar());
}

attach(document);
focusFirstError(document);
document.addEventListener("htmx:load", (event) => attach(event.detail.elt));
