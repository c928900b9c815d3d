// A row of tabs wider than the screen begins at the one that is open.
export function startTabs(root) {
  for (const open of root.querySelectorAll(".tabs > [aria-current]")) {
    const row = open.parentElement;
    if (row.scrollWidth > row.clientWidth) row.scrollLeft = open.offsetLeft - row.offsetLeft - (row.clientWidth - open.offsetWidth) / 2;
  }
}
