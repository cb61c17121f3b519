// A ruled line to write on with a pen, a finger or the mouse. Strokes are flat lists x, y, seconds, x, y, seconds, ...

import { calm } from "./dom.js";
import { delay, draw, fit, inked } from "./ink.js";

const HEIGHT = 210, LONGEST = 1150, MARGIN = 40; // pixels
const INK = "#1a1a2e", WIDTH = 2.4;
const PAUSE = 450; // ms after the pen is lifted until the paper moves on
const NEAR_END = 0.7, BEGIN = 0.3; // parts of the strip that is seen

export class Pad {
  constructor(canvas, onChange) {
    [this.canvas, this.strip, this.onChange] = [canvas, canvas.parentElement, onChange];
    this.context = canvas.getContext("2d");
    this.strokes = [];
    this.stroke = null;
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.pointer(event));
    new ResizeObserver(() => this.resize()).observe(this.strip);
  }

  get isEmpty() { return !this.strokes.length; }

  show(strokes) {
    this.strokes = strokes;
    this.stroke = null;
    this.strip.scrollLeft = 0;
    this.resize();
  }

  clear() { this.show([]); this.onChange(); }

  undo() {
    if (this.stroke || this.isEmpty) return;
    this.strokes = this.strokes.slice(0, -1);
    this.paint();
    this.onChange();
  }

  resize() {
    const seen = this.strip.clientWidth;
    if (!seen) return;
    const right = Math.max(0, ...this.strokes.map((points) => end(points))) + MARGIN;
    this.ratio = fit(this.canvas, Math.max(seen, LONGEST, right), HEIGHT);
    this.paint();
  }

  paint() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const points of this.strokes) this.paintStroke(points, 0);
  }

  paintStroke(points, from) {
    const pen = { width: WIDTH, color: INK, lively: Boolean(points.pressure) };
    draw(this.context, inked(points), from, points.length / 3, [1, 0, 0, 0, 1, 0], this.ratio, pen, 1);
  }

  pointer(event) {
    if (event.pointerType === "pen") this.penWasUsed = true;
    if (event.pointerType === "touch" && this.penWasUsed) return; // the hand that rests on the page
    if (event.type === "pointerdown" && !this.stroke && event.button <= 0) {
      event.preventDefault();
      clearTimeout(this.timer);
      this.canvas.setPointerCapture(event.pointerId);
      this.stroke = [];
      this.stroke.pointer = event.pointerId;
      this.stroke.delay = delay(this.strokes, event.timeStamp / 1000);
      this.stroke.pressure = event.pointerType === "pen" && event.pressure > 0 ? [] : undefined;
    }
    if (!this.stroke || this.stroke.pointer !== event.pointerId) return;
    if (event.type === "pointercancel") { this.stroke = null; return this.paint(); }
    const events = event.type === "pointermove" ? event.getCoalescedEvents?.() ?? [] : [];
    if (event.type !== "pointerup") for (const each of events.length ? events : [event]) this.add(each);
    else this.lift();
  }

  add(event) {
    const box = this.canvas.getBoundingClientRect(), points = this.stroke, size = points.length;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (size && points[size - 3] === x && points[size - 2] === y) return;
    points.push(x, y, event.timeStamp / 1000 + points.delay);
    points.pressure?.push(0.45 + 1.1 * event.pressure);
    this.paintStroke(points, Math.max(0, size / 3 - 1));
  }

  lift() {
    this.strokes = [...this.strokes, this.stroke];
    this.stroke = null;
    this.onChange();
    this.timer = setTimeout(() => this.follow(), PAUSE);
  }

  // Move the paper on, where the line is longer than what is seen of it.
  follow() {
    const { scrollLeft, clientWidth, scrollWidth } = this.strip, right = end(this.strokes.at(-1) ?? [0]);
    if (scrollWidth <= clientWidth || right < scrollLeft + NEAR_END * clientWidth) return;
    this.scroll(right - BEGIN * clientWidth);
  }

  scroll(left) {
    clearTimeout(this.timer);
    this.strip.scrollTo({ left, behavior: calm() ? "auto" : "smooth" });
  }
}

function end(points) {
  let right = 0;
  for (let i = 0; i < points.length; i += 3) right = Math.max(right, points[i]);
  return right;
}
