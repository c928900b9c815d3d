// What two contents of a form differ in, and what a person calls those fields.
export function changedNames(before, after, leaveOut = []) {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !leaveOut.includes(name) && before.getAll(name).join("\n") !== after.getAll(name).join("\n"));
}

export function labelsOf(form, names) {
  const labels = names.map((name) => labelOf(form, name)).filter(Boolean);
  return [...new Set(labels)];
}

function labelOf(form, name) {
  const found = form.elements.namedItem(name);
  const control = found instanceof Element ? found : found?.[0];
  if (!control) return "";
  const legend = control.closest("fieldset")?.querySelector("legend");
  const said = control.getAttribute("aria-label") || legend?.textContent || control.labels?.[0]?.firstChild?.textContent || control.labels?.[0]?.textContent || "";
  return said.trim();
}
