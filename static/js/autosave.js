// A form with data-autosave is saved while somebody writes, one request at a time, and says honestly how that went.
// Nothing is kept in the browser's storage: the page itself holds the text until the server has it.
import { csrfToken, once } from "./find.js";
import { announce } from "./toast.js";

const PAUSE = 800;
const FIRST_RETRY = 4;
const LONGEST_RETRY = 60;
const KEEPALIVE_LIMIT = 60000;

// Asks for this page again, only for its token: every page has another, so one try per refusal. False when signed out.
async function freshToken() {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual", headers: { Accept: "text/html" } });
    if (answer.status !== 200) return false;
    const token = new DOMParser().parseFromString(await answer.text(), "text/html").body.dataset.csrf;
    if (!token) return false;
    document.body.dataset.csrf = token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
    return true;
  } catch {
    return false;
  }
}

export function startAutosave(root) {
  once(root, "form[data-autosave]", "Autosave", (form) => new Autosave(form).start());
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.autosaveUrl || form.action;
    this.status = document.getElementById(form.dataset.autosaveStatus ?? "") ?? form.querySelector("[data-save-state]");
    this.saved = this.body();
    this.busy = false;
    this.stopped = false;
    this.pause = 0;
    this.retry = 0;
    this.wait = FIRST_RETRY;
    this.renewed = false;
  }

  start() {
    const later = () => this.later();
    this.form.addEventListener("input", later);
    this.form.addEventListener("change", later);
    this.form.addEventListener("focusout", () => this.now());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.last(); else if (this.retry) this.now(); });
    addEventListener("pagehide", () => this.last());
    addEventListener("online", () => this.now());
    addEventListener("beforeunload", (event) => { if (this.alive() && this.dirty() && this.failed()) event.preventDefault(); });
    // The form's own submission carries everything: no save may come after it.
    this.form.addEventListener("submit", () => { clearTimeout(this.pause); clearInterval(this.retry); this.stopped = true; });
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.elt === this.form && !event.detail.successful) this.stopped = false; });
    addEventListener("pageshow", (event) => { if (event.persisted) this.stopped = false; });
  }

  alive() { return this.form.isConnected && !this.stopped; }
  failed() { return ["failed", "signed-out", "conflict"].includes(this.status?.dataset.state); }

  body() {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string" && name !== "csrf_token") data.append(name, value);
    return data;
  }

  // The version changes with each save; it is not something typed.
  typed(body) {
    const copy = new URLSearchParams(body);
    copy.delete("version");
    return copy.toString();
  }

  dirty() { return this.typed(this.body()) !== this.typed(this.saved); }

  later() {
    if (!this.alive()) return;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.now(), PAUSE);
  }

  async now() {
    clearTimeout(this.pause);
    if (!this.alive() || this.busy || this.state === "conflict" || !this.dirty()) return;
    clearInterval(this.retry);
    this.retry = 0;
    this.busy = true;
    this.say("saving");
    const body = this.body();
    try {
      const answer = await this.send(body, false);
      await this.heard(answer, body);
    } catch {
      this.later_again();
    } finally {
      this.busy = false;
    }
    // What was typed while the request was under way goes next.
    if (this.state === "saved" && this.dirty()) this.later();
  }

  // The page may be gone before an answer comes: the browser is asked to finish the request without us.
  last() {
    if (!this.alive() || this.busy || this.state === "conflict" || !this.dirty()) return;
    const body = this.body();
    const small = body.toString().length < KEEPALIVE_LIMIT;
    this.busy = true;
    this.send(body, small).then((answer) => this.heard(answer, body)).catch(() => this.later_again()).finally(() => { this.busy = false; });
  }

  send(body, keepalive) {
    return fetch(this.url, {
      method: "POST", body, keepalive, credentials: "same-origin", redirect: "manual",
      headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "autosave", Accept: "application/json, text/html" },
    });
  }

  async heard(answer, body) {
    if (answer.status === 200) {
      const said = await answer.json();
      const version = this.form.elements.namedItem("version");
      if (version && said.version !== undefined) version.value = said.version;
      this.saved = body;
      this.wait = FIRST_RETRY;
      this.renewed = false;
      this.say("saved", { time: said.saved_at ?? "" });
      this.form.dispatchEvent(new CustomEvent("sutra:saved", { bubbles: true, detail: said }));
    } else if (answer.status === 409) {
      const place = document.querySelector("[data-autosave-conflict]");
      const html = await answer.text();
      // The server keeps this text too: nothing is unsaved, and nothing more is typed until somebody has chosen.
      this.saved = body;
      this.form.inert = true;
      this.say("conflict");
      if (place) {
        place.innerHTML = html;
        window.htmx?.process(place);
        place.querySelector("input, button, a, [tabindex]")?.focus();
      }
    } else if ((answer.status === 400 || answer.status === 403) && !this.renewed && (await freshToken())) {
      // Signed in again elsewhere: the token that came with this page is of the old session.
      this.renewed = true;
      this.try_again(1);
    } else if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect" || (answer.status === 400 && !this.renewed)) {
      // Signed out takes the token with it: a refusal for which the page itself can no longer be had is that.
      this.say("signed-out");
      this.try_again(15);
    } else if (answer.status === 422 || answer.status === 413 || answer.status === 400) {
      // The same text would be refused again: wait for a change.
      this.say("refused");
      this.saved = body;
    } else {
      this.later_again();
    }
  }

  later_again() {
    const seconds = this.wait;
    this.wait = Math.min(LONGEST_RETRY, this.wait * 2);
    this.say("failed", { seconds });
    this.try_again(seconds);
  }

  try_again(seconds) {
    clearInterval(this.retry);
    let left = seconds;
    this.retry = setInterval(() => {
      left -= 1;
      if (!this.alive()) clearInterval(this.retry);
      else if (left <= 0) this.now();
      else if (this.state === "failed") this.say("failed", { seconds: left }, true);
    }, 1000);
  }

  say(state, values = {}, again = false) {
    const before = this.state;
    this.state = state;
    const box = this.status;
    if (!box) return;
    const word = box.dataset[`word${state.replace(/(^|-)(\w)/g, (_all, _dash, letter) => letter.toUpperCase())}`] ?? "";
    const text = word.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
    box.dataset.state = state === "refused" ? "failed" : state;
    const place = box.querySelector("[data-save-words]") ?? box;
    // Seconds counting down are for the eye: readers hear each change of state once.
    if (again) box.setAttribute("aria-live", "off");
    else box.removeAttribute("aria-live");
    place.textContent = text;
    if (state === "signed-out" && before !== state) announce(text);
  }
}
