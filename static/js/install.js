// Registers the worker that shows a page without a network, and offers to put the portal on the phone's first screen.
const LATER = "portal-install-later";
const DAYS = 60;

function wasPutOff() {
  try { return Date.now() - Number(localStorage.getItem(LATER) ?? 0) < DAYS * 86_400_000; } catch { return false; }
}

function putOff() {
  try { localStorage.setItem(LATER, String(Date.now())); } catch { /* it is offered again, that is all */ }
}

export function startInstall() {
  navigator.serviceWorker.register("/portal/sw.js", { scope: "/portal", updateViaCache: "none" }).catch(() => undefined);
  const hint = document.querySelector("[data-install]");
  if (!hint || wasPutOff() || matchMedia("(display-mode: standalone)").matches || navigator.standalone) return;
  hint.querySelector("[data-install-not]").addEventListener("click", () => { putOff(); hint.hidden = true; });
  const go = hint.querySelector("[data-install-go]");
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    hint.hidden = false;
    go.addEventListener("click", async () => {
      await event.prompt();
      putOff();
      hint.hidden = true;
    }, { once: true });
  });
  addEventListener("appinstalled", () => { hint.hidden = true; });
  if (/iPhone|iPad/.test(navigator.userAgent) && "standalone" in navigator) {
    hint.querySelector("[data-install-words]").textContent = hint.dataset.installApple;
    go.hidden = true;
    hint.hidden = false;
  }
}
