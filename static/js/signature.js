// A signature drawn with finger, pen or mouse: the canvas fills a hidden field with its picture.
// Who cannot draw signs with the name alone; without scripts the canvas stays hidden.
import { once } from "./find.js";

const INK = "#1a1b17";
const WIDTH = 720;
const HEIGHT = 240;

export function startSignatures(root) {
  once(root, "[data-signature]", "Signature", (box) => new Signature(box).start());
}

class Signature {
  constructor(box) {
    this.box = box;
    this.canvas = box.querySelector("canvas");
    this.field = box.querySelector("input[type=hidden]");
    this.clear = box.querySelector("[data-signature-clear]");
    this.said = box.querySelector("[data-signature-said]");
    this.pen = this.canvas.getContext("2d");
    this.last = null;
  }

  start() {
    this.box.hidden = false;
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
    Object.assign(this.pen, { lineCap: "round", lineJoin: "round", strokeStyle: INK, fillStyle: INK });
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) this.canvas.addEventListener(end, () => this.up());
    this.clear.addEventListener("click", () => this.wipe());
    if (this.field.value) this.restore(this.field.value);
  }

  // What was drawn before a refused form comes back with it.
  restore(picture) {
    const image = new Image();
    image.addEventListener("load", () => { this.pen.drawImage(image, 0, 0, WIDTH, HEIGHT); this.tell(); });
    image.src = picture;
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - frame.left) / frame.width) * WIDTH, y: ((event.clientY - frame.top) / frame.height) * HEIGHT };
  }

  down(event) {
    if (!event.isPrimary || event.button > 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.at(event);
    this.line(this.last, event);
  }

  move(event) {
    if (!this.last) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) this.line(this.at(step), step);
  }

  line(to, event) {
    this.pen.lineWidth = event.pointerType === "pen" && event.pressure ? 2 + 4 * event.pressure : 4;
    this.pen.beginPath();
    this.pen.moveTo(this.last.x, this.last.y);
    this.pen.lineTo(to.x, to.y);
    this.pen.stroke();
    this.last = to;
  }

  up() {
    if (!this.last) return;
    this.last = null;
    this.field.value = this.canvas.toDataURL("image/png");
    this.tell();
  }

  wipe() {
    this.pen.clearRect(0, 0, WIDTH, HEIGHT);
    this.field.value = "";
    this.tell();
  }

  tell() {
    const drawn = this.field.value !== "";
    this.clear.hidden = !drawn;
    this.said.textContent = drawn ? this.said.dataset.drawn : this.said.dataset.empty;
  }
}
