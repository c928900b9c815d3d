// The foot of the booking page repeats the chosen time; without scripts it asks for one.
const first = document.querySelector("[data-sentence-first]");
const second = document.querySelector("[data-sentence-second]");

function repeat() {
  const chosen = document.querySelector("input[data-sentence]:checked");
  if (!chosen || !first || !second) return;
  first.textContent = chosen.dataset.sentence;
  second.textContent = chosen.dataset.second;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-sentence]")) repeat();
  if (event.target.matches("select[data-send-on-change]")) event.target.form.requestSubmit();
});
repeat();

const today = document.querySelector(".day-strip [aria-current]");
today?.scrollIntoView({ block: "nearest", inline: "center" });
