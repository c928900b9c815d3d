// Progress that shows after 300 ms, and a sentence when the clinic was not reached.
import { showToast } from "./toast.js";

// The words come with the page, in the reader's language.
const words = () => document.getElementById("network-words")?.dataset ?? {};

export function startNetwork() {
  const line = document.querySelector("[data-progress]");
  let running = 0;
  let timer = 0;
  const quiet = (elt) => elt?.closest?.("[data-quiet]");
  const begin = (event) => {
    if (quiet(event.detail.elt)) return;
    running += 1;
    clearTimeout(timer);
    timer = setTimeout(() => { if (running) line?.classList.add("is-on"); }, 300);
  };
  const end = (event) => {
    if (quiet(event.detail.elt)) return;
    running = Math.max(0, running - 1);
    if (!running) {
      clearTimeout(timer);
      line?.classList.remove("is-on");
    }
  };
  document.addEventListener("htmx:beforeSend", begin);
  document.addEventListener("htmx:afterRequest", end);

  const lost = (event) => {
    if (quiet(event.detail.elt)) return;
    showToast(words().lost, "danger", words().kept);
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:responseError", (event) => {
    if (quiet(event.detail.elt)) return;
    const status = event.detail.xhr.status;
    const said = words();
    if (status === 401) showToast(said.out, "danger", said.sign);
    else if (status === 429) showToast(said.slow, "danger", said.wait);
    else if (status === 404 || status === 410) showToast(said.gone, "danger", said.reload);
    else showToast(status >= 500 ? said.lost : said.wrong, "danger", said.kept);
  });
  // What a page asks by itself, on a timer, is marked: it must not keep a session alive.
  document.addEventListener("htmx:configRequest", (event) => {
    const trigger = event.detail.triggeringEvent;
    if (event.detail.elt?.closest?.("[data-refresh]") && (!trigger || !trigger.isTrusted)) event.detail.headers["Sutra-Refresh"] = "timer";
  });
}
