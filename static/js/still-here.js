// Two minutes before a session ends for idleness it says so and offers to go on; once it has ended, the same person signs in
// over the page, and what was typed is still there. Another person's sign-in saves nothing here.
import { openDialog } from "./dialog.js";
import { HeldBack } from "./held-back.js";
import { takeToken, tokenOf, whoIsIn } from "./session.js";
import { announce } from "./toast.js";
import { POSTED } from "./watch-session.js";

const WARN_BEFORE = 120;
const ASK_AGAIN = 4000;

export function startStillHere() {
  const words = document.getElementById("still-here");
  if (!words || words.dataset.started) return;
  words.dataset.started = "yes";
  const drawn = words.content.cloneNode(true);
  const bar = new StillHere(words.dataset, drawn.querySelector(".still-here"), drawn.querySelector("dialog"));
  document.body.append(drawn);
  bar.start();
  new HeldBack(bar).start();
}

class StillHere {
  constructor(words, box, dialog) {
    this.words = words;
    this.person = words.person;
    this.box = box;
    this.soon = box.querySelector("[data-session-soon]");
    this.over = box.querySelector("[data-session-over]");
    this.dialog = dialog;
    this.form = dialog.querySelector("form");
    // When the clinic last said that this person is signed in: as it drew the page, and since.
    this.heard = performance.timeOrigin;
    this.next = null;
    this.written = null;
    this.timer = 0;
    this.tick = 0;
    this.poll = 0;
  }

  get out() { return Boolean(this.poll); }

  start() {
    this.look_in(Number(this.words.seconds) - WARN_BEFORE - (Date.now() - this.heard) / 1000);
    // Only this person's text is taken: whatever was said of the session before is over.
    document.addEventListener("sutra:saved", () => { this.hide(); this.here(Number(this.words.seconds)); });
    document.addEventListener("sutra:save-state", (event) => {
      if (["signed-out", "somebody-else"].includes(event.detail.state)) this.ended(event.detail.state === "somebody-else" ? event.detail.text : "");
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && (this.poll || !this.soon.hidden)) this.look(); });
    this.box.querySelector("[data-session-stay]")?.addEventListener("click", () => this.stay());
    this.box.querySelector("[data-session-again]")?.addEventListener("click", () => this.ask(null));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.sign_in(); });
    // Whoever closes the dialog sends nothing later on.
    this.dialog.addEventListener("close", () => { this.next = null; });
    document.addEventListener("sutra:closed", () => this.settle());
    document.addEventListener("focusin", (event) => { if (event.target.closest(POSTED) && !this.dialog.contains(event.target)) this.written = event.target; });
  }

  here(seconds, token) {
    this.heard = Date.now();
    takeToken(token);
    this.look_in(seconds - WARN_BEFORE);
  }

  look_in(seconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), Math.max(1, seconds) * 1000);
  }

  // Other tabs may have kept the session alive: the server knows.
  async look() {
    clearTimeout(this.timer);
    const who = await whoIsIn();
    if (who === null) this.look_in(20);
    else if (this.is_other(who)) return;
    else if (this.out) this.back(who);
    else if (who.seconds > WARN_BEFORE + 5) { this.hide(); this.here(who.seconds, who.csrf); } else this.warn(who.seconds);
  }

  // Does something that only this person may do: now, or once they are signed in again. False when the clinic was not reached.
  async once_here(next) {
    const who = await whoIsIn();
    if (who === null) return false;
    if (this.is_other(who)) this.ask(next);
    else {
      this.next = next;
      this.go_on(who);
    }
    return true;
  }

  is_other(who) {
    const other = String(who.person ?? "") !== this.person;
    if (other) this.ended(who.person ? this.words.somebody.replace("{name}", who.name) : "");
    return other;
  }

  // What is outside an open dialog cannot be reached: the bar goes in with it, and out again.
  settle() {
    const home = [...document.querySelectorAll("dialog[open]:not(#sign-in-again)")].pop() ?? document.body;
    if (this.box.parentElement !== home) home.append(this.box);
  }

  warn(seconds) {
    this.settle();
    this.box.hidden = false;
    this.over.hidden = true;
    if (this.soon.hidden) announce(this.soon.dataset.said);
    this.soon.hidden = false;
    const ends = Date.now() + seconds * 1000;
    const left = this.soon.querySelector("[data-session-left]");
    clearInterval(this.tick);
    const show = () => {
      const rest = Math.max(0, Math.round((ends - Date.now()) / 1000));
      left.textContent = `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}`;
      if (!rest) { clearInterval(this.tick); this.look_in(1); }
    };
    show();
    this.tick = setInterval(show, 1000);
  }

  hide() {
    clearInterval(this.tick);
    clearInterval(this.poll);
    this.poll = 0;
    this.box.hidden = this.soon.hidden = this.over.hidden = true;
  }

  async stay() {
    try {
      const answer = await fetch("/session/stay", { method: "POST", credentials: "same-origin", redirect: "manual", headers: { "X-CSRFToken": tokenOf(), Accept: "application/json" } });
      if (answer.status !== 200) { this.look(); return; }
      const said = await answer.json();
      this.hide();
      this.here(said.seconds);
    } catch { this.look_in(5); }
  }

  ended(words) {
    clearTimeout(this.timer);
    clearInterval(this.tick);
    const text = words || this.words.out;
    if (this.over.hidden) announce(text);
    this.settle();
    this.box.hidden = false;
    this.soon.hidden = true;
    this.over.hidden = false;
    this.over.querySelector("[data-session-words]").textContent = text;
    // Signing in elsewhere in this browser counts as well.
    this.poll ||= setInterval(() => this.look(), ASK_AGAIN);
  }

  // Signing in over the page; `next` is what was to be done, and is done after it.
  ask(next) {
    this.next = next;
    if (this.dialog.open) return;
    openDialog(this.dialog, this.written ?? document.activeElement);
    this.form.reset();
  }

  // The same person again: with the new token everything typed is saved.
  back(who) {
    if (this.dialog.open) this.dialog.close();
    announce(this.words.back);
    this.go_on(who);
    document.dispatchEvent(new CustomEvent("sutra:signed-in"));
  }

  // A form's own sending carries everything it holds, so it goes before what would be saved by itself.
  go_on(who) {
    const next = this.next;
    this.next = null;
    this.hide();
    this.here(who.seconds, who.csrf);
    next?.();
  }

  async sign_in() {
    const wrong = this.form.querySelector("[data-again-error]");
    const field = this.form.elements.namedItem("password");
    const button = this.form.querySelector("button[type=submit]");
    const say = (words) => {
      wrong.hidden = !words;
      wrong.querySelector("[data-again-words]").textContent = words;
      if (words) { field.setAttribute("aria-invalid", "true"); field.focus(); } else field.removeAttribute("aria-invalid");
    };
    say("");
    button.disabled = true;
    try {
      const now = await whoIsIn();
      if (now === null) { say(this.words.lost); return; }
      const body = new URLSearchParams({ again: this.words.again, password: field.value });
      const answer = await fetch("/session", { method: "POST", body, credentials: "same-origin", redirect: "manual", headers: { "X-CSRFToken": now.csrf, Accept: "application/json" } });
      const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (answer.status === 200 && said.elsewhere) {
        const step = this.form.querySelector("[data-again-step]");
        step.hidden = false;
        step.querySelector("a").focus();
      } else if (answer.status === 200) this.back(said);
      else say(said.message || this.words.lost);
    } catch {
      say(this.words.lost);
    } finally {
      button.disabled = false;
      field.value = "";
    }
  }
}
