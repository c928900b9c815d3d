// Phones sold in India have Devanagari letters of their own; a device that has none fetches them, instead of showing boxes.
const LETTERS = ["क", "म", "ख", "ी"];

export function fetchMissingLetters() {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "40px sans-serif";
  const width = (text) => pen.measureText(text).width;
  const missing = width("\u{10FFFD}");
  if (LETTERS.every((letter) => width(letter) === missing)) document.documentElement.classList.add("lacks-devanagari");
}
