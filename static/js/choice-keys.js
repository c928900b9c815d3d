// A list that is sent as soon as it is chosen from can be walked with arrows and letters first: Enter sends it, or leaving it.
const LISTS = "select:is([hx-trigger=change], [hx-trigger=change] *, [data-send-on-change])";
let walked = null;
let waiting = null;

function send(list) {
  walked = waiting = null;
  if (list.isConnected) list.dispatchEvent(new Event("change", { bubbles: true }));
}

export function startChoiceKeys() {
  // The browser changes a closed list within the key's own event; one that is open tells of its choice later.
  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches(LISTS)) return;
    if (event.key === "Enter" && waiting === event.target) {
      event.preventDefault();
      send(waiting);
      return;
    }
    walked = event.target;
    setTimeout(() => { walked = null; });
  });
  document.addEventListener("change", (event) => {
    if (!walked || event.target !== walked) return;
    event.stopImmediatePropagation();
    waiting = walked;
  }, true);
  document.addEventListener("focusout", (event) => {
    const list = waiting;
    if (list && event.target === list) setTimeout(() => { if (waiting === list) send(list); });
  });
}
