// Every element that matches, the root included.
export function findAll(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  return found;
}

// Runs `start` once for each element, however often the page is searched.
export function once(root, selector, name, start) {
  for (const element of findAll(root, selector)) {
    const key = `started${name}`;
    if (element.dataset[key]) continue;
    element.dataset[key] = "yes";
    start(element);
  }
}

export function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable]"));
}

export function csrfToken() {
  return document.body.dataset.csrf || document.querySelector("input[name=csrf_token]")?.value || "";
}
