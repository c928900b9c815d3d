// Who is signed in in this browser, and the token that goes with it. Asking does not keep a session alive.
import { csrfToken } from "./find.js";

export const tokenOf = csrfToken;

// { person, name, seconds, csrf }; person is null when nobody is. Null when the clinic was not reached.
export async function whoIsIn() {
  try {
    const answer = await fetch("/session", {
      credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(15000),
      headers: { Accept: "application/json", "Sutra-Refresh": "timer" },
    });
    return answer.status === 200 ? await answer.json() : null;
  } catch {
    return null;
  }
}

// Every form of the page, and htmx, go on with this token.
export function takeToken(token) {
  if (!token) return;
  document.body.dataset.csrf = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
}
