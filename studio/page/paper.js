// Sheets of paper with the pen at work. The network draws much faster than the pen writes; the pen follows in its own time.

import { calm, make } from "./dom.js";
import { count, draw, drawable, fit, seconds, usualStep } from "./ink.js";

const MAX_SCALE = 5; // pixels per mm: no slip is blown up beyond that
const SETTLE = 450; // ms in which lines move from where they were thought to be to their places
const CHARACTER = 3.9; // mm, about
const IDENTITY = [1, 0, 0, 0, 1, 0];

export class Paper {
  constructor(place, onAgain) {
    this.sheets = place;
    this.onAgain = onAgain;
    this.speed = 4;
    this.pen = { width: 0.45, color: "#1a1a2e", lively: true };
    this.lines = [];
    this.pages = [];
    this.nib = make("div", { class: "nib", hidden: true, "aria-hidden": "true" });
  }

  // texts: of the lines; sheet: width, height, edge, spacing in mm, width and height null of a slip.
  begin({ texts, sheet }, { only, still }) {
    const same = texts.length === this.lines.length && texts.every((text, i) => text === this.lines[i].text);
    this.quiet = (still && same) || (only !== null && same);
    this.only = this.quiet ? only : null;
    this.fresh = texts.map((text) => ({ text, points: [], drawn: 0, done: !text, matrix: IDENTITY, page: 0 }));
    if (!this.quiet) {
      this.guess(sheet);
      this.lines = this.fresh;
      this.usual = null;
      this.show();
    } else if (only !== null) {
      const line = this.fresh[only];
      Object.assign(line, { matrix: this.lines[only].matrix, page: this.lines[only].page });
      this.lines[only] = line;
      this.paint();
    }
    this.run();
  }

  // Where lines will be, about, before they are known.
  guess({ width, height, edge, spacing }) {
    const texts = this.fresh.map((line) => line.text);
    const wide = width ?? Math.max(...texts.map((text) => text.length)) * CHARACTER + 2 * edge;
    const high = height ?? texts.length * spacing + 2 * edge;
    const rows = Math.max(1, Math.floor((high - 2 * edge) / spacing));
    this.fresh.forEach((line, i) => {
      line.page = Math.floor(i / rows);
      line.matrix = [1, 0, edge, 0, 1, edge + spacing * (i % rows + 0.55)];
    });
    const pages = Math.ceil(texts.length / rows);
    this.pages = Array.from({ length: pages }, () => ({ width: wide, height: high, rules: [] }));
  }

  add(number, values, done) {
    const line = this.fresh[number];
    for (const value of values) line.points.push(value);
    line.done = done;
    this.run();
  }

  // Nothing more will come.
  halt() {
    for (const line of this.lines) line.done = true;
  }

  // The true pages, and the places of the lines on them.
  place(pages) {
    const moves = [];
    pages.forEach((page, index) => page.lines.forEach(({ number, matrix }) => moves.push([number, index, matrix])));
    if (this.quiet) {
      this.fresh.forEach((line, i) => {
        const old = this.lines[i];
        line.done = true;
        line.drawn = i === this.only ? old.drawn : count(line.points);
        [line.matrix, line.page] = [old.matrix, old.page];
      });
      this.lines = this.fresh;
    }
    this.pages = pages;
    this.usual = usualStep(this.lines.map(({ points }) => points));
    for (const [number, index, matrix] of moves) {
      const line = this.lines[number];
      line.done = true;
      line.from = line.page === index && !calm() ? line.matrix : matrix;
      [line.to, line.page] = [matrix, index];
    }
    this.show();
    this.settling = performance.now();
    this.run();
  }

  replay() {
    this.lines.forEach((line) => { line.drawn = 0; });
    this.quiet = false;
    this.only = null;
    this.paint();
    this.run();
  }

  // --- sheets ---

  show() {
    while (this.sheets.children.length > this.pages.length) this.sheets.lastChild.remove();
    this.pages.forEach((page, index) => {
      if (!this.sheets.children[index]) {
        this.sheets.append(make("figure", { class: "sheet" }, make("canvas", { role: "img" }), make("div", { class: "again" })));
      }
    });
    this.resize();
  }

  resize() {
    const space = this.width = this.sheets.clientWidth;
    this.pages.forEach((page, index) => {
      const sheet = this.sheets.children[index], canvas = sheet.firstChild;
      page.scale = Math.min(space / page.width, MAX_SCALE);
      page.canvas = canvas;
      page.ratio = fit(canvas, page.width * page.scale, page.height * page.scale);
      const text = this.lines.filter((line) => line.page === index).map((line) => line.text).join(" ");
      canvas.setAttribute("aria-label", `Page ${index + 1}, in handwriting: ${text}`);
    });
    this.paint();
    this.buttons();
  }

  buttons() {
    const places = this.pages.map(() => []);
    this.lines.forEach((line, number) => {
      if (!line.done || !line.to || !count(line.points)) return;
      const page = this.pages[line.page];
      const [, , , , d, f] = line.to;
      let low = Infinity, high = -Infinity;
      for (let i = 1; i < line.points.length; i += 3) [low, high] = [Math.min(low, line.points[i]), Math.max(high, line.points[i])];
      const button = make("button", { type: "button", title: "Write this line again", "aria-label": `Write line ${number + 1} again: ${line.text}`, onclick: () => this.onAgain(number) }, "↻");
      button.style.top = `${(d * (low + high) / 2 + f) * page.scale}px`;
      places[line.page]?.push(button);
    });
    places.forEach((buttons, index) => {
      const holder = this.sheets.children[index]?.querySelector(".again");
      const focused = [...(holder?.children ?? [])].indexOf(document.activeElement);
      holder?.replaceChildren(...buttons);
      buttons[focused]?.focus();
    });
  }

  paint() {
    this.pages.forEach((page) => {
      if (!page.canvas) return;
      const context = page.canvas.getContext("2d");
      context.clearRect(0, 0, page.canvas.width, page.canvas.height);
      const scale = page.scale * page.ratio;
      context.strokeStyle = "#a9c1dd";
      context.lineWidth = Math.max(0.15 * scale, 0.7);
      for (const [x0, y0, x1, y1] of page.rules) {
        context.beginPath();
        context.moveTo(x0 * scale, y0 * scale);
        context.lineTo(x1 * scale, y1 * scale);
        context.stroke();
      }
    });
    for (const line of this.lines) this.drawLine(line, 0, Math.floor(line.drawn));
  }

  drawLine(line, from, to) {
    const page = this.pages[line.page];
    if (!page?.canvas || to <= from) return;
    this.usual ??= count(line.points) > 40 ? usualStep([line.points]) : null;
    const pen = this.usual ? this.pen : { ...this.pen, lively: false };
    draw(page.canvas.getContext("2d"), line.points, from, to, line.matrix, page.scale * page.ratio, pen, this.usual);
  }

  // --- the pen's clock ---

  run() {
    if (this.frame) return;
    this.before = performance.now();
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.frame = null;
    const passed = Math.min(now - this.before, 100) / 1000;
    this.before = now;
    const settled = this.settle(now);
    const busy = this.advance(passed);
    this.showNib(busy);
    if (!settled || busy) {
      this.frame = requestAnimationFrame((later) => this.tick(later));
    }
  }

  settle(now) {
    if (!this.settling) return true;
    const share = calm() ? 1 : Math.min((now - this.settling) / SETTLE, 1);
    const eased = 1 - (1 - share) ** 3;
    for (const line of this.lines) {
      if (line.to) line.matrix = line.from.map((value, k) => value + (line.to[k] - value) * eased);
    }
    this.paint();
    if (share < 1) return false;
    this.settling = null;
    this.buttons();
    return true;
  }

  // Let the pen go on for some seconds; true while there is more to write.
  advance(passed) {
    if (this.quiet && this.only === null) return false;
    const lines = this.only === null ? this.lines : [this.lines[this.only]];
    let budget = this.speed ? passed * this.speed : Infinity, busy = false;
    this.tip = null;
    for (const line of lines) {
      const end = drawable(line.points, line.done), from = Math.floor(line.drawn);
      let at = from;
      const [a] = line.matrix;
      while (at < end && budget > 0) {
        budget -= seconds(line.points, at) * a;
        at++;
      }
      if (at > from) {
        this.drawLine(line, from, at);
        line.drawn = at;
        this.tip = [line, at - 1];
      }
      if (line.done && at >= count(line.points)) continue;
      busy ||= at < end || this.speed !== 0;
      if (this.speed) break; // the next line begins when this one is whole
    }
    return busy;
  }

  showNib(busy) {
    if (!busy || !this.tip || !this.speed || calm()) {
      this.nib.hidden = true;
      return;
    }
    const [line, at] = this.tip, page = this.pages[line.page], sheet = this.sheets.children[line.page];
    if (!sheet) return;
    if (this.nib.parentElement !== sheet) sheet.append(this.nib);
    const [a, c, e, b, d, f] = line.matrix, [x, y] = line.points.slice(3 * at, 3 * at + 2);
    this.nib.style.transform = `translate(${(a * x + c * y + e) * page.scale}px, ${(b * x + d * y + f) * page.scale}px)`;
    this.nib.hidden = false;
  }
}
