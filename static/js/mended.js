// What was refused is no longer marked once somebody has changed it; the server looks again at the next try.
export function startMended(form) {
  form.addEventListener("input", (event) => {
    const field = event.target.closest(".field[data-invalid]");
    if (!field) return;
    delete field.dataset.invalid;
    for (const marked of field.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
    field.querySelector(".field-error")?.remove();
  });
}
