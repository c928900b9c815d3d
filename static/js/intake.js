// What the server says of what was just saved, such as the body mass index, appears where the page has a place for it.
export function startSavedNotes() {
  document.addEventListener("sutra:saved", (event) => {
    const place = event.target.querySelector?.("[data-saved-note]");
    const note = event.detail?.note;
    if (place && typeof note === "string" && place.textContent !== note) place.textContent = note;
  });
}
