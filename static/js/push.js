// Switches notices on and off in this browser. The clinic keeps where the browser is reached; the page says how it went.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function tellClinic(box, subscription) {
  const fields = new URLSearchParams({ endpoint: subscription.endpoint, p256dh: text(subscription.getKey("p256dh")), auth: text(subscription.getKey("auth")) });
  const answer = await fetch(box.dataset.push, { method: "POST", body: fields, headers: { "X-CSRFToken": document.body.dataset.csrf } });
  if (!answer.ok) throw new Error(String(answer.status));
}

export async function startPush(root) {
  const box = root.querySelector("[data-push]");
  if (!box || !("PushManager" in window) || !("Notification" in window) || !("serviceWorker" in navigator)) return;
  const button = box.querySelector("[data-push-on]");
  const says = box.querySelector("[data-push-says]");
  const missing = box.querySelector("[data-push-missing]");
  const worker = await navigator.serviceWorker.ready;
  const known = await worker.pushManager.getSubscription();
  missing.hidden = true;
  if (Notification.permission === "denied") { says.textContent = box.dataset.pushDenied; return; }
  if (known && Notification.permission === "granted" && box.querySelector("[data-push-devices]")) {
    // The sign-in may be another one than when it was switched on: whoever is signed in here hears.
    tellClinic(box, known).catch(() => undefined);
    says.textContent = box.dataset.pushHere;
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") { says.textContent = box.dataset.pushDenied; return; }
      const made = known ?? (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.pushKey) }));
      await tellClinic(box, made);
      location.hash = "phone";
      location.reload();
    } catch {
      says.textContent = box.dataset.pushFailed;
      button.disabled = false;
    }
  });
}
