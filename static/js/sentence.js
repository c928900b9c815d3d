// The foot of the booking page repeats the chosen time; without scripts it asks for one.
const first = document.querySelector("[data-sentence-first]");
const second = document.querySelector("[data-sentence-second]");

function repeat() {
  const chosen = document.querySelector("input[data-sentence]:checked");
  if (!chosen || !first || !second) return;
  first.textContent = chosen.dataset.sentence;
  second.textContent = chosen.dataset.second;
}

// The chosen time is kept while the rest is filled in; whoever is too late hears it before they press.
async function keep(form) {
  const says = form.querySelector("[data-keep-says]");
  if (!form.dataset.keep || !says) return;
  const asked = form.querySelector("input[data-sentence]:checked")?.value;
  try {
    const answer = await fetch(form.dataset.keep, { method: "POST", body: new FormData(form) });
    const told = await answer.json();
    if (form.querySelector("input[data-sentence]:checked")?.value === asked) says.textContent = told.says;
  } catch { says.textContent = ""; }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-sentence]")) {
    repeat();
    keep(event.target.form);
  }
  if (event.target.matches("select[data-send-on-change]")) event.target.form.requestSubmit();
});
repeat();

const today = document.querySelector(".day-strip [aria-current]");
today?.scrollIntoView({ block: "nearest", inline: "center" });
