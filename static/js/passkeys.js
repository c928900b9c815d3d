// Passkeys: the browser makes or uses one, a plain form carries its answer. Loaded only where that is offered.
import { csrfToken } from "./find.js";

const FRESH = 8 * 60 * 1000; // what the server asked to sign is good for ten minutes

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withBytes = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

// What the page shows: a sentence under the button, and whether something is going on.
function say(form, words = "") {
  form.querySelector("[data-passkey-status]").textContent = words;
}

function setBusy(form, busy) {
  const button = form.querySelector("button[type=submit]");
  button.classList.toggle("is-busy", busy);
  button.disabled = busy;
}

async function fetchOptions(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } });
  if (answer.redirected) { // signed out meanwhile, or to prove oneself again
    location.assign(answer.url);
    return null;
  }
  const read = await answer.json();
  if (!answer.ok) throw new Error(read.message ?? form.dataset.failed);
  return read;
}

function send(form, credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  form.elements.credential.value = JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response, clientExtensionResults: {} });
  form.submit();
}

// Runs one asking; what the person stopped is no fault, and everything else says what to do.
async function attempt(form, work) {
  say(form);
  setBusy(form, true);
  try {
    const credential = await work();
    if (credential) {
      send(form, credential);
      return;
    }
  } catch (error) {
    const words = { NotAllowedError: form.dataset.stopped, AbortError: "", InvalidStateError: form.dataset.known ?? form.dataset.failed };
    say(form, words[error.name] ?? (error.name === "Error" ? error.message : form.dataset.failed));
  }
  setBusy(form, false);
}

function startAdding(form) {
  document.querySelector("[data-passkey-missing]")?.remove();
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.elements.name.value.trim()) {
      form.submit(); // the server says what is missing
      return;
    }
    attempt(form, async () => {
      const options = await fetchOptions(form);
      if (!options) return null;
      const publicKey = { ...options, challenge: toBytes(options.challenge), user: { ...options.user, id: toBytes(options.user.id) }, excludeCredentials: withBytes(options.excludeCredentials) };
      return navigator.credentials.create({ publicKey });
    });
  });
}

function startSigningIn(form) {
  let waiting = null;
  const ask = async (extra) => {
    const options = await fetchOptions(form);
    if (!options) return null;
    const publicKey = { ...options, challenge: toBytes(options.challenge), allowCredentials: withBytes(options.allowCredentials) };
    return navigator.credentials.get({ publicKey, ...extra });
  };
  // Passkeys among the suggestions of the e-mail field, asked for anew before the server forgets what it asked.
  const suggest = async () => {
    waiting?.abort();
    const mine = (waiting = new AbortController());
    const again = setTimeout(suggest, FRESH);
    try {
      const credential = await ask({ mediation: "conditional", signal: mine.signal });
      if (credential) send(form, credential);
    } catch {
      if (waiting === mine) clearTimeout(again); // the button is still there
    }
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    waiting?.abort();
    attempt(form, () => ask({})).then(() => { if (form.isConnected && !form.elements.credential.value) offer(); });
  });
  const offer = () => PublicKeyCredential.isConditionalMediationAvailable?.().then((there) => there && suggest()).catch(() => {});
  // Back from another page: nothing half done is kept.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  offer();
}

if (window.PublicKeyCredential && navigator.credentials) {
  const adding = document.querySelector("[data-passkey-add]");
  const signingIn = document.querySelector("[data-passkey-sign-in]");
  if (adding) startAdding(adding);
  if (signingIn) startSigningIn(signingIn);
}
