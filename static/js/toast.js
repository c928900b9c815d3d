// Notices: short ones go by themselves, failures stay until closed. The server may ask for one by HX-Trigger.
import { findAll } from "./find.js";

const HOLD = 6000;

function leaveLater(item) {
  const after = Number(item.dataset.toast);
  if (!after) return;
  let timer = setTimeout(() => item.remove(), after);
  const stay = () => clearTimeout(timer);
  const again = () => { stay(); timer = setTimeout(() => item.remove(), HOLD / 2); };
  item.addEventListener("pointerenter", stay);
  item.addEventListener("focusin", stay);
  item.addEventListener("pointerleave", again);
  item.addEventListener("focusout", again);
}

export function showToast(message, kind = "good", second = "") {
  const region = document.getElementById("toast-polite");
  const template = document.getElementById("toast-template");
  if (!region || !template || !message) return null;
  const item = template.content.firstElementChild.cloneNode(true);
  item.querySelector("strong").textContent = message;
  if (second) {
    const line = document.createElement("span");
    line.textContent = second;
    item.querySelector("strong").after(line);
  }
  const bad = kind === "danger";
  item.classList.toggle("is-bad", bad);
  item.dataset.toast = bad ? 0 : HOLD;
  for (const same of region.querySelectorAll(".toast-item")) {
    if (same.querySelector("strong")?.textContent === message) same.remove();
  }
  region.append(item);
  item.dataset.taken = "yes";
  leaveLater(item);
  if (bad) announce(message);
  return item;
}

// Said at once to readers, for what must not wait.
export function announce(message) {
  const region = document.getElementById("alert-region");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = message; });
}

// Notices that came with a page or a fragment: moved into the region and given their time.
export function takeToasts(root) {
  const region = document.getElementById("toast-polite");
  for (const item of findAll(root, ".toast-item")) {
    if (item.dataset.taken) continue;
    item.dataset.taken = "yes";
    if (region && !region.contains(item) && item.hasAttribute("data-undo-toast")) region.append(item);
    leaveLater(item);
  }
}

export function startToasts() {
  document.addEventListener("click", (event) => {
    event.target.closest("[data-toast-close]")?.closest(".toast-item")?.remove();
  });
  document.addEventListener("sutra:toast", (event) => {
    const { message, kind, second } = event.detail ?? {};
    showToast(message, kind, second);
  });
}
