// Files that go with a booking are sent as soon as they are chosen, with how far they are; the form keeps what was typed.
export function startChoosePapers(root) {
  for (const place of root.querySelectorAll("[data-choose-papers]")) {
    if (place.dataset.started) continue;
    place.dataset.started = "yes";
    place.addEventListener("change", (event) => {
      const input = event.target;
      if (!(input instanceof HTMLInputElement) || input.type !== "file" || !input.files.length) return;
      const form = input.form;
      const request = new XMLHttpRequest();
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = 0;
      bar.className = "papers-progress";
      bar.setAttribute("aria-label", form.querySelector('label[for="paper-files"]').textContent);
      input.after(bar);
      request.upload.addEventListener("progress", (step) => { if (step.lengthComputable) bar.value = Math.round((step.loaded / step.total) * 100); });
      request.addEventListener("load", () => {
        const said = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("papers-chosen");
        if (!said) { bar.remove(); return; } // the file stays chosen, and goes along with the form
        place.replaceChildren(said);
        // Another day or another person is another address: the files stay with the form there, too.
        const key = form.elements.namedItem("submission_key").value;
        for (const link of document.querySelectorAll("main a[href]")) {
          const url = new URL(link.href);
          if (url.pathname !== location.pathname) continue;
          url.searchParams.set("form", key);
          link.href = url;
        }
        place.querySelector("input, button")?.focus();
      });
      request.addEventListener("error", () => bar.remove());
      request.open("POST", place.dataset.choosePapers);
      request.send(new FormData(form));
    });
  }
}
