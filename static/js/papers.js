// Files to be added: dropped or chosen, sent one by one, each with how far it is. Without this the form sends them all.
import { setBusy } from "./submit-once.js";

const KB = 1000;

function size(bytes) {
  return bytes >= KB * KB ? `${(bytes / KB / KB).toFixed(1)} MB` : `${Math.max(Math.round(bytes / KB), 1)} KB`;
}

function row(queue, file, text) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "paper-file";
  name.textContent = file.name;
  const small = document.createElement("small");
  small.textContent = size(file.size);
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.hidden = true;
  bar.setAttribute("aria-label", file.name);
  const says = document.createElement("span");
  says.className = "paper-says";
  says.textContent = text;
  item.append(name, small, bar, says);
  queue.append(item);
  return { item, bar, says };
}

function send(form, file, place) {
  return new Promise((resolve) => {
    const body = new FormData(form);
    body.delete(form._files);
    body.append(form._files, file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.url || form.action);
    request.setRequestHeader("Accept", "application/json");
    const end = (state, text) => {
      place.bar.hidden = true;
      place.item.dataset.state = state;
      place.says.textContent = text;
      resolve(state);
    };
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      place.bar.value = Math.round((event.loaded / event.total) * 100);
      place.says.textContent = event.loaded === event.total ? form.dataset.sayLooking : `${place.bar.value} %`;
    });
    request.addEventListener("load", () => {
      try {
        const said = JSON.parse(request.responseText);
        end(said.state, said.text);
      } catch {
        end("lost", form.dataset.sayLost);
      }
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => end("lost", form.dataset.sayLost));
    place.bar.hidden = false;
    request.send(body);
  });
}

function start(form) {
  if (form.dataset.uploadStarted) return;
  form.dataset.uploadStarted = "yes";
  const inputs = [...form.querySelectorAll('[data-drop] input[type="file"]')];
  const queue = form.querySelector("[data-queue]");
  if (!inputs.length || !queue) return;
  form._files = inputs[0].name;
  let waiting = [];
  let sending = false;

  const show = () => {
    queue.replaceChildren();
    queue.hidden = waiting.length === 0;
    for (const one of waiting) {
      one.place = row(queue, one.file, one.wrong || form.dataset.sayWaiting);
      if (one.wrong) one.place.item.dataset.state = "refused";
    }
  };
  const take = (files) => {
    for (const file of files) {
      if (waiting.some((one) => one.file.name === file.name && one.file.size === file.size && one.file.lastModified === file.lastModified)) continue;
      const many = waiting.filter((one) => !one.wrong).length >= Number(form.dataset.most);
      const wrong = file.size > Number(form.dataset.mostBytes) ? form.dataset.sayLarge : many ? form.dataset.sayMany : "";
      waiting.push({ file, wrong });
    }
    show();
  };

  for (const input of inputs) {
    input.addEventListener("change", () => {
      take(input.files);
      // They wait in the list now; the same file may be chosen again once it was taken out there.
      input.value = "";
    });
  }
  const drop = form.querySelector("[data-drop]");
  // A file that misses the place by a little must not replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  drop.addEventListener("dragover", () => drop.classList.add("is-over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("is-over");
    if (event.dataTransfer?.files.length) take(event.dataTransfer.files);
  });

  form.addEventListener("submit", async (event) => {
    const ready = waiting.filter((one) => !one.wrong);
    if (!ready.length) {
      if (!waiting.length) return; // nothing chosen: the server says so, beside the field
      event.preventDefault();
      // Marked as sent already, by what listens on the document: it is not, and may be sent again.
      setBusy(form, false);
      queue.querySelector("li").scrollIntoView({ block: "nearest" });
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // Of its own: the form's mark is set before this is asked, and goes after a while, however long files take.
    if (sending) return;
    sending = true;
    setBusy(form, true, event.submitter);
    let lost = 0;
    for (const one of ready) {
      const state = await send(form, one.file, one.place);
      if (state === "added" || state === "known") one.done = true;
      else if (state === "refused") one.wrong = one.place.says.textContent;
      else lost += 1;
    }
    sending = false;
    setBusy(form, false);
    const refused = waiting.some((one) => one.wrong);
    waiting = waiting.filter((one) => !one.done);
    if (!lost && !refused && form.dataset.done) location.assign(form.dataset.done);
    else form.dispatchEvent(new CustomEvent("papers:sent", { bubbles: true }));
  }, true);

  // What is shown to the patient follows the kind, until somebody says otherwise.
  const kind = form.querySelector("[data-hidden-at-first]");
  const shared = form.querySelector('input[name="shared"]');
  if (kind && shared) {
    let own = false;
    shared.addEventListener("change", () => { own = true; });
    kind.addEventListener("change", () => { if (!own) shared.checked = !kind.dataset.hiddenAtFirst.split(" ").includes(kind.value); });
  }
}

export function startPapers(root) {
  for (const form of root.querySelectorAll("form[data-upload]")) start(form);
  if (root instanceof HTMLFormElement && root.matches("[data-upload]")) start(root);
}
