// Two minutes before a session ends for idleness it says so and offers to go on; once it has ended, the same person signs in
// over the page, and what was typed is still there. Another person's sign-in saves nothing here.
import { openDialog } from "./dialog.js";
import { takeToken, tokenOf, whoIsIn } from "./session.js";
import { announce } from "./toast.js";

const WARN_BEFORE = 120;
const ASK_AGAIN = 4000;

export function startStillHere() {
  const box = document.getElementById("still-here");
  if (!box || box.dataset.started) return;
  box.dataset.started = "yes";
  new StillHere(box).start();
}

class StillHere {
  constructor(box) {
    this.box = box;
    this.person = box.dataset.person;
    this.soon = box.querySelector("[data-session-soon]");
    this.over = box.querySelector("[data-session-over]");
    this.dialog = document.getElementById("sign-in-again");
    this.form = this.dialog?.querySelector("form");
    this.timer = 0;
    this.tick = 0;
    this.poll = 0;
  }

  start() {
    this.look_in(Number(this.box.dataset.seconds) - WARN_BEFORE);
    document.addEventListener("sutra:saved", () => { if (!this.soon.hidden) this.hide(); this.look_in(Number(this.box.dataset.seconds) - WARN_BEFORE); });
    document.addEventListener("sutra:save-state", (event) => {
      if (["signed-out", "somebody-else"].includes(event.detail.state)) this.ended(event.detail.state === "somebody-else" ? event.detail.text : "");
      else if (event.detail.state === "saved") this.hide();
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && (this.poll || !this.soon.hidden)) this.look(); });
    this.box.querySelector("[data-session-stay]")?.addEventListener("click", () => this.stay());
    this.box.querySelector("[data-session-again]")?.addEventListener("click", (event) => { openDialog(this.dialog, event.currentTarget); this.form?.reset(); });
    this.form?.addEventListener("submit", (event) => { event.preventDefault(); this.sign_in(); });
  }

  look_in(seconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), Math.max(1, seconds) * 1000);
  }

  // Other tabs may have kept the session alive: the server knows.
  async look() {
    clearTimeout(this.timer);
    const who = await whoIsIn();
    if (who === null) { this.look_in(20); return; }
    if (String(who.person ?? "") !== this.person) {
      this.ended(who.person ? this.box.dataset.somebody.replace("{name}", who.name) : this.box.dataset.out);
      return;
    }
    if (this.poll) { this.back(who); return; }
    if (who.seconds > WARN_BEFORE + 5) { this.hide(); this.look_in(who.seconds - WARN_BEFORE); } else this.warn(who.seconds);
  }

  warn(seconds) {
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
      this.look_in(said.seconds - WARN_BEFORE);
    } catch { this.look_in(5); }
  }

  ended(words) {
    clearTimeout(this.timer);
    clearInterval(this.tick);
    this.box.hidden = false;
    this.soon.hidden = true;
    this.over.hidden = false;
    this.over.querySelector("[data-session-words]").textContent = words || this.box.dataset.out;
    // Signing in elsewhere in this browser counts as well.
    this.poll ||= setInterval(() => this.look(), ASK_AGAIN);
  }

  // The same person again: with the new token everything typed is saved.
  back(who) {
    takeToken(who.csrf);
    if (this.dialog?.open) this.dialog.close();
    this.hide();
    announce(this.box.dataset.back);
    this.look_in(who.seconds - WARN_BEFORE);
    document.dispatchEvent(new CustomEvent("sutra:signed-in"));
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
      if (now === null) { say(this.box.dataset.lost); return; }
      const body = new URLSearchParams({ again: this.box.dataset.again, password: field.value });
      const answer = await fetch("/session", { method: "POST", body, credentials: "same-origin", redirect: "manual", headers: { "X-CSRFToken": now.csrf, Accept: "application/json" } });
      const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (answer.status === 200 && said.elsewhere) {
        const step = this.form.querySelector("[data-again-step]");
        step.hidden = false;
        step.querySelector("a").focus();
      } else if (answer.status === 200) this.back(said);
      else say(said.message || this.box.dataset.lost);
    } catch {
      say(this.box.dataset.lost);
    } finally {
      button.disabled = false;
      field.value = "";
    }
  }
}
