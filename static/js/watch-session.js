// Where somebody writes, the end of the session is watched for. What does that is fetched only then.
export const POSTED = "main form[method=post], dialog form[method=post]";
// What saves itself, what came back with errors, and a form that a panel holds are something to keep from the start.
const WRITTEN = "form[data-autosave], [data-error-summary], form[method=post] [aria-invalid=true], dialog form[data-unsaved]";

let watched = false;

function watch() {
  if (watched || !document.getElementById("still-here")) return;
  watched = true;
  import("./still-here.js").then((module) => module.startStillHere()).catch(() => { watched = false; });
}

export function startWatchSession() {
  document.addEventListener("input", (event) => { if (event.target.closest?.(POSTED)) watch(); });
}

export function watchSession(root) {
  const whole = root.parentElement ?? root;
  if (whole.querySelector(WRITTEN)) watch();
}
