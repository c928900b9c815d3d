// While nobody is signed in, nothing typed leaves the page: the answer would be an error in its place. A form that was
// to be sent waits for the same person to sign in, and is sent then.
import { setBusy } from "./submit-once.js";
import { showToast } from "./toast.js";
import { holdsSomething } from "./typed.js";
import { POSTED } from "./watch-session.js";

// So long after the page has heard of its session, a form is sent without asking first.
const SURE_FOR = 15000;

export class HeldBack {
  constructor(bar) {
    this.bar = bar;
    this.asking = null;
    this.sending = null;
  }

  start() {
    // On the window and on the way down: before everything else that hears of a form being sent.
    addEventListener("submit", (event) => this.before(event), true);
    document.addEventListener("htmx:beforeOnLoad", (event) => this.refused(event));
    // Whoever comes back to the page may have signed out elsewhere.
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.bar.heard = 0; });
  }

  sure() { return !this.bar.out && Date.now() - this.bar.heard < SURE_FOR; }

  before(event) {
    const form = event.target;
    if (form === this.sending || !form.matches(POSTED) || form.closest("#sign-in-again") || this.sure() || !holdsSomething()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!this.asking) this.ask_for(form, event.submitter);
  }

  async ask_for(form, submitter) {
    this.asking = form;
    setBusy(form, true, submitter);
    const reached = await this.bar.once_here(() => {
      setBusy(form, false);
      this.send(form, submitter);
    });
    setBusy(form, false);
    this.asking = null;
    if (reached) return;
    const words = document.getElementById("network-words").dataset;
    showToast(words.lost, "danger", words.kept);
  }

  send(form, submitter) {
    if (!form.isConnected) return;
    this.sending = form;
    form.requestSubmit(submitter?.form === form ? submitter : undefined);
    this.sending = null;
  }

  // htmx would leave for the sign-in page. With an old token it is refused otherwise: the session may be another by now.
  refused(event) {
    const { xhr, elt, requestConfig: config } = event.detail;
    const stale = xhr.status === 400 && config.verb !== "get";
    if (stale) this.bar.look();
    if (!(stale && this.bar.out) && !(xhr.status === 401 && holdsSomething())) return;
    event.preventDefault();
    if (stale) return;
    this.bar.ended("");
    if (config.triggeringEvent?.type === "submit" && elt instanceof HTMLFormElement) this.bar.ask(() => this.send(elt, config.triggeringEvent.submitter));
  }
}
