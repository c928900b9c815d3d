// A form with data-autosave is saved while somebody writes, one request at a time, and says honestly how that went.
// Nothing is kept in the browser's storage: the page itself holds the text until the server has it.
import { once } from "./find.js";
import { takeToken, tokenOf, whoIsIn } from "./session.js";
import { changedNames, labelsOf } from "./unsaved-fields.js";
import { announce } from "./toast.js";

// A pause in typing saves; without one, the first unsaved letter waits no longer than MOST.
const PAUSE = 800;
const MOST = 2500;
const FIRST_RETRY = 4;
const LONGEST_RETRY = 30;
const TOO_LONG = 20000;
const KEEPALIVE_LIMIT = 60000;
const OURS = ["version", "page", "turn", "csrf_token"];
const LOST = ["failed", "offline", "signed-out", "somebody-else"];

export function startAutosave(root) {
  once(root, "form[data-autosave]", "Autosave", (form) => new Autosave(form).start());
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.autosaveUrl || form.action;
    this.person = document.querySelector("[data-person]")?.dataset.person ?? "";
    this.status = document.getElementById(form.dataset.autosaveStatus ?? "") ?? form.querySelector("[data-save-state]");
    this.what = document.querySelector("[data-save-what]");
    // This page's own name, and how often it has sent: after a lost answer the server knows our text again.
    this.page = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.turn = 0;
    this.form.addEventListener("formdata", (event) => {
      event.formData.set("page", this.page);
      event.formData.set("turn", String((this.turn += 1)));
    });
    this.saved = this.body();
    this.saved_at = this.status?.dataset.savedAt ?? "";
    this.sending = null;
    this.refused = "";
    this.since = 0;
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
    addEventListener("online", () => { this.wait = FIRST_RETRY; this.now(); });
    addEventListener("offline", () => { if (this.alive() && this.dirty() && !this.sending) this.later_again(); });
    document.addEventListener("sutra:signed-in", () => this.now());
    addEventListener("beforeunload", (event) => { if (this.alive() && this.dirty() && (this.failed() || this.too_big())) event.preventDefault(); });
    // The form's own submission carries everything: no save may come after it.
    this.form.addEventListener("submit", () => { clearTimeout(this.pause); clearInterval(this.retry); this.stopped = true; });
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.elt === this.form && !event.detail.successful) this.stopped = false; });
    addEventListener("pageshow", (event) => { if (event.persisted) this.stopped = false; });
  }

  alive() { return this.form.isConnected && !this.stopped; }
  failed() { return ["failed", "signed-out", "conflict"].includes(this.status?.dataset.state); }
  too_big() { return this.body().toString().length >= KEEPALIVE_LIMIT; }

  body() {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string" && name !== "csrf_token") data.append(name, value);
    return data;
  }

  // The version changes with each save; it is not something typed.
  typed(body) {
    const copy = new URLSearchParams(body);
    for (const name of OURS) copy.delete(name);
    return copy.toString();
  }

  dirty() { return this.typed(this.body()) !== this.typed(this.saved); }

  later() {
    if (!this.alive()) return;
    this.since ||= Date.now();
    // While the clinic is not reached, the next try has its time; what is typed meanwhile is named.
    if (this.retry && this.state !== "refused") { this.name_unsaved(); return; }
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.now(), Math.max(0, Math.min(PAUSE, this.since + MOST - Date.now())));
  }

  async now() {
    clearTimeout(this.pause);
    if (!this.alive() || this.sending || this.state === "conflict") return;
    clearInterval(this.retry);
    this.retry = 0;
    const body = this.body();
    const text = this.typed(body);
    if (text === this.typed(this.saved)) {
      this.since = 0;
      if (LOST.includes(this.state)) this.say(this.saved_at ? "saved" : "", { time: this.saved_at });
      return;
    }
    if (text === this.refused) return;
    this.sending = body;
    this.since = 0;
    if (!LOST.includes(this.state)) this.say("saving");
    try {
      await this.heard(await this.send(body, false), body);
    } catch {
      this.later_again();
    } finally {
      this.sending = null;
    }
    // What was typed while the request was under way goes next.
    if (["saved", "refused"].includes(this.state) && this.dirty()) this.later();
  }

  // The page may be gone before an answer comes: the browser is asked to finish the request without us, also when
  // an older text is on its way just now.
  last() {
    if (!this.alive() || this.state === "conflict") return;
    const body = this.body();
    const known = this.sending ?? this.saved;
    if (this.typed(body) === this.typed(known)) return;
    const small = body.toString().length < KEEPALIVE_LIMIT;
    const after = this.sending ? () => {} : (answer) => this.heard(answer, body);
    const mine = this.sending ? null : body;
    if (mine) this.sending = mine;
    this.send(body, small).then(after).catch(() => { if (mine) this.later_again(); }).finally(() => { if (this.sending === mine) this.sending = null; });
  }

  send(body, keepalive) {
    return fetch(this.url, {
      method: "POST", body, keepalive, credentials: "same-origin", redirect: "manual",
      signal: keepalive ? undefined : AbortSignal.timeout(TOO_LONG),
      headers: { "X-CSRFToken": tokenOf(), "X-Requested-With": "autosave", Accept: "application/json, text/html" },
    });
  }

  async heard(answer, body) {
    if (answer.status === 200) {
      const said = await answer.json();
      const version = this.form.elements.namedItem("version");
      if (version && said.version !== undefined) version.value = said.version;
      this.saved = body;
      this.refused = "";
      this.wait = FIRST_RETRY;
      this.renewed = false;
      this.saved_at = said.saved_at ?? "";
      this.say("saved", { time: this.saved_at });
      this.form.dispatchEvent(new CustomEvent("sutra:saved", { bubbles: true, detail: said }));
    } else if (answer.status === 409) {
      const place = this.conflict_place();
      const html = await answer.text();
      // The server keeps this text too: nothing is unsaved, and nothing more is typed until somebody has chosen.
      this.saved = body;
      this.form.inert = true;
      this.say("conflict");
      if (place) {
        place.innerHTML = html;
        window.htmx?.process(place);
        place.querySelector("h2[tabindex], input, button, a")?.focus();
        place.scrollIntoView({ block: "start" });
      }
    } else if ([400, 401, 403].includes(answer.status) || (answer.status === 404 && this.person) || answer.type === "opaqueredirect") {
      await this.shut_out(answer.status);
    } else if (answer.status === 422 || answer.status === 413) {
      this.refuse(body);
    } else {
      this.later_again();
    }
  }

  // A page may hold several such forms: the place nearest around this one is its own.
  conflict_place() {
    for (let box = this.form; box; box = box.parentElement) {
      const place = box.querySelector("[data-autosave-conflict]");
      if (place) return place;
    }
    return null;
  }

  // Refused for who asks, or for an old token: ask who is signed in. The same person goes on with a new token, once per
  // refusal; anybody else saves nothing into what this person wrote.
  async shut_out(status) {
    const who = await whoIsIn();
    if (who === null) return this.later_again();
    if (this.person && who.person && String(who.person) !== this.person) {
      this.say("somebody-else", { name: who.name });
      this.try_again(LONGEST_RETRY / 2);
      return;
    }
    const same = this.person ? String(who.person ?? "") === this.person : true;
    if (same && !this.renewed && status !== 404) {
      takeToken(who.csrf);
      this.renewed = true;
      this.try_again(1);
    } else if (same && this.person) this.later_again();
    else {
      this.say("signed-out");
      this.try_again(LONGEST_RETRY / 2);
    }
  }

  // The same text would be refused again: it stays on the page, unsaved, until it changes.
  refuse(body) {
    this.refused = this.typed(body);
    this.say("refused");
  }

  later_again() {
    const seconds = this.wait;
    this.wait = Math.min(LONGEST_RETRY, this.wait * 2);
    this.say(navigator.onLine === false ? "offline" : "failed", { seconds });
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
    this.name_unsaved();
    const box = this.status;
    if (!box) return;
    const word = box.dataset[`word${state.replace(/(^|-)(\w)/g, (_all, _dash, letter) => letter.toUpperCase())}`] ?? "";
    const text = word.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
    box.dataset.state = { refused: "failed", offline: "failed", "somebody-else": "signed-out" }[state] ?? state;
    const place = box.querySelector("[data-save-words]") ?? box;
    // Seconds counting down are for the eye: readers hear each change of state once.
    if (again) box.setAttribute("aria-live", "off");
    else box.removeAttribute("aria-live");
    place.textContent = text;
    if (state !== before) {
      if (LOST.slice(1).includes(state) || state === "refused") announce(text);
      document.dispatchEvent(new CustomEvent("sutra:save-state", { detail: { state, text, before } }));
    }
  }

  // Which fields hold something the clinic does not have yet, by name, wherever the page shows it.
  name_unsaved() {
    const place = this.what;
    if (!place) return;
    const labels = this.failed_state() ? labelsOf(this.form, changedNames(this.saved, this.body(), OURS)) : [];
    place.hidden = !labels.length;
    const text = labels.length ? place.dataset.words.replace("{fields}", labels.join(", ")) : "";
    const words = place.querySelector("[data-save-what-words]") ?? place;
    if (words.textContent !== text) words.textContent = text;
  }

  failed_state() { return LOST.includes(this.state) || this.state === "refused"; }
}
