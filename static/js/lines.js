// Lines mended one after the other: where the line still wants something the focus stays in it, else it goes to
// the next one that does; what became of the line is said to readers.
const WANTS = "[aria-invalid=true], .import-decide button[aria-pressed=false]";

export function startLines() {
  let lastNumber = "";
  document.addEventListener("htmx:beforeRequest", (event) => {
    lastNumber = event.detail.target?.closest?.("[data-lines] > [data-list-row]")?.id ?? "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const line = lastNumber ? document.getElementById(lastNumber) : null;
    if (!line?.closest("[data-lines]")) return;
    lastNumber = "";
    const said = document.querySelector("[data-lines-said]");
    if (said) said.textContent = `${line.querySelector(".row-name")?.textContent.trim() ?? ""}: ${line.querySelector(".import-outcome")?.textContent.trim() ?? ""}`;
    const wrong = line.querySelector("[aria-invalid=true]");
    if (wrong) return void wrong.focus();
    for (let next = line.nextElementSibling; next; next = next.nextElementSibling) {
      if (next.querySelector(".import-decide button[aria-pressed=true]")) continue;
      const goal = next.querySelector(WANTS);
      if (goal) return void goal.focus();
    }
    line.focus();
  });
}
