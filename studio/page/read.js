// "Read": ink drawn on the page or opened from a file, its lines read as they are finished.

import * as api from "./api.js";
import { by, calm, copy, fail, holdInk, make, saveFile, say, unsay } from "./dom.js";
import { delay, draw, fit, inked } from "./ink.js";

const PAUSE = 650; // ms after the pen is lifted until the page is read
const DOUBTFUL = 0.75; // confidence below which a word is marked
const ERASER = 9, MARGIN = 24, GROW = 220; // pixels
const INK = "#1a1a2e", LIT = "#c4622d", WIDTH = 2.4;
let about, canvas, context, ratio, tool = "pen", stroke = null, timer, running, penWasUsed = false, lit = null;
let pages = [blank()], current = 0;

// A page: strokes are lists of x, y, seconds with `number` fixed for good; `lines` are what was read in them; `chosen` are
// a person's choices of words, by their ink; past and future are lists of strokes; `saved` are those that a file has. view: pixels per unit and where 0, 0 is.
function blank() {
  return { unit: "px", strokes: [], lines: [], chosen: {}, past: [], future: [], view: { scale: 1, x: 0, y: 0 }, own: true, height: 0, read: [] };
}

const page = () => pages[current];
const unread = () => [page(), ...pages].find((some) => some.read !== some.strokes);

export function start(facts) {
  about = facts;
  canvas = by("ink");
  context = canvas.getContext("2d");
  for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) canvas.addEventListener(name, pointer);
  for (const button of document.querySelectorAll("button[data-tool]")) button.addEventListener("click", () => choose(button.dataset.tool));
  by("undo").addEventListener("click", () => step("past", "future"));
  by("redo").addEventListener("click", () => step("future", "past"));
  by("clear").addEventListener("click", () => change([]));
  by("open").addEventListener("click", () => by("file").click());
  by("file").addEventListener("change", () => { open([...by("file").files]); by("file").value = ""; });
  by("new-page").addEventListener("click", () => { pages.push(blank()); turn(pages.length - 1); });
  by("previous").addEventListener("click", () => turn(current - 1));
  by("next").addEventListener("click", () => turn(current + 1));
  by("copy-text").addEventListener("click", () => copy(wholeText(), unread() ? "The text of the pages that are read so far" : "The text"));
  for (const button of document.querySelectorAll("[data-ink]")) button.addEventListener("click", () => save(button.dataset.ink));
  addEventListener("keydown", keys);
  const drop = by("read");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", (event) => { if (!drop.contains(event.relatedTarget)) drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); open([...event.dataTransfer.files]); });
  by("kinds").textContent = about.suffixes.join(" ");
  by("file").accept = about.suffixes.map((suffix) => `.${suffix.split(".").pop()}`).join(",");
  holdInk(() => pages.some(({ strokes, saved }) => strokes.length && strokes !== saved));
  new ResizeObserver(resize).observe(by("leaf"));
  turn(0);
}

function keys(event) {
  if (by("read").hidden || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  const key = event.key.toLowerCase(), control = event.ctrlKey || event.metaKey;
  if (control && key === "z") { event.preventDefault(); if (event.shiftKey) step("future", "past"); else step("past", "future"); }
  else if (control && key === "y") { event.preventDefault(); step("future", "past"); }
  else if (key === "escape") closeMenu();
}

function choose(name) {
  tool = name;
  for (const button of document.querySelectorAll("button[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === name);
  canvas.dataset.tool = name;
}

// --- the pen -------------------------------------------------------------------------------------------------------

function place(event) {
  const box = canvas.getBoundingClientRect(), { scale, x, y } = page().view;
  return [(event.clientX - box.left - x) / scale, (event.clientY - box.top - y) / scale, event.timeStamp / 1000];
}

function pointer(event) {
  if (event.pointerType === "pen") penWasUsed = true;
  if (event.pointerType === "touch" && penWasUsed) return; // the hand that rests on the page
  if (event.type === "pointerdown") {
    if (event.button > 0 && event.button !== 5) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    clearTimeout(timer);
    const erases = tool === "eraser" || event.button === 5;
    stroke = { pointer: event.pointerId, erases, points: [], before: page().strokes, delay: delay(page().strokes, event.timeStamp / 1000) };
    stroke.points.pressure = event.pointerType === "pen" && event.pressure > 0 ? [] : undefined;
  }
  if (!stroke || stroke.pointer !== event.pointerId) return;
  const events = event.type === "pointermove" ? event.getCoalescedEvents?.() ?? [] : [];
  for (const each of events.length ? events : [event]) {
    if (event.type === "pointercancel" || (event.type === "pointerup" && stroke.points.length)) break;
    if (stroke.erases) erase(place(each));
    else add(place(each), each.pressure);
  }
  if (event.type === "pointerup") finish();
  else if (event.type === "pointercancel") { page().strokes = stroke.before; stroke = null; paint(); }
}

function add([x, y, seconds], pressure) {
  const { points } = stroke, size = points.length;
  if (size && points[size - 3] === x && points[size - 2] === y) return;
  points.push(x, y, seconds + stroke.delay);
  points.pressure?.push(0.45 + 1.1 * pressure);
  paintStroke(points, Math.max(0, size / 3 - 1), INK);
}

function erase([x, y]) {
  const reach = ERASER / page().view.scale;
  const near = (points) => {
    for (let i = 0; i < points.length; i += 3) {
      const [dx, dy] = i ? [points[i] - points[i - 3], points[i + 1] - points[i - 2]] : [0, 0];
      const at = dx || dy ? Math.min(Math.max(((x - points[i]) * dx + (y - points[i + 1]) * dy) / (dx * dx + dy * dy), -1), 0) : 0;
      if (Math.hypot(points[i] + at * dx - x, points[i + 1] + at * dy - y) < reach) return true;
    }
    return false;
  };
  const left = page().strokes.filter((points) => !near(points));
  if (left.length !== page().strokes.length) { page().strokes = left; paint(); }
}

function finish() {
  const done = stroke;
  stroke = null;
  const strokes = done.erases ? page().strokes : [...page().strokes, done.points];
  if (done.erases && strokes.length === done.before.length) return later();
  page().strokes = done.before;
  change(strokes);
}

function change(strokes) {
  const count = strokes.reduce((sum, points) => sum + points.length / 3, 0);
  if (count > about.max_points) {
    say(`The page is full: ${about.max_points.toLocaleString("en")} points. Begin a new page.`, { bad: true });
    return paint();
  }
  page().past.push(page().strokes);
  if (page().past.length > 200) page().past.shift();
  page().future = [];
  page().strokes = strokes;
  changed();
}

function step(from, to) {
  if (!page()[from].length || stroke) return;
  page()[to].push(page().strokes);
  page().strokes = page()[from].pop();
  changed();
}

function changed() {
  lit = null;
  grow();
  paint();
  buttons();
  later();
}

function later() {
  clearTimeout(timer);
  running?.abort();
  timer = setTimeout(read, PAUSE);
}

function buttons() {
  by("undo").disabled = !page().past.length;
  by("redo").disabled = !page().future.length;
  by("clear").disabled = !page().strokes.length;
  by("pages").hidden = pages.length < 2;
  by("previous").disabled = current === 0;
  by("next").disabled = current === pages.length - 1;
  by("which").textContent = `Page ${current + 1} of ${pages.length}`;
  by("hint").hidden = Boolean(page().strokes.length);
  const any = pages.some(({ strokes }) => strokes.length);
  for (const button of document.querySelectorAll("[data-ink]")) button.disabled = !any;
}

function turn(number) {
  current = number;
  lit = null;
  closeMenu();
  resize();
  buttons();
  showText();
  if (page().read !== page().strokes) later();
}

// --- the page ------------------------------------------------------------------------------------------------------

function bounds() {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of page().strokes) {
    for (let i = 0; i < points.length; i += 3) {
      [left, right] = [Math.min(left, points[i]), Math.max(right, points[i])];
      [top, bottom] = [Math.min(top, points[i + 1]), Math.max(bottom, points[i + 1])];
    }
  }
  return { left, top, right, bottom };
}

// Own ink stays where it was written; ink of a file is fitted to the width.
function resize() {
  const width = by("leaf").clientWidth;
  if (!width) return;
  const some = page(), ink = some.strokes.length ? bounds() : null;
  const least = Math.max(300, Math.min(innerHeight * (width < 600 ? 0.5 : 1) - 240 * (width >= 600), 640));
  if (some.own) {
    const needed = ink ? ink.right + MARGIN : 0;
    some.view = { scale: needed > width ? width / needed : 1, x: 0, y: 0 };
    some.height = Math.max(least, ink ? ink.bottom * some.view.scale + GROW / 2 : 0, some.height);
  } else if (ink) {
    const scale = Math.min((width - 2 * MARGIN) / Math.max(ink.right - ink.left, 1e-6), 420 / Math.max((ink.bottom - ink.top), 1e-6) * 4);
    some.view = { scale, x: MARGIN - ink.left * scale, y: MARGIN - ink.top * scale };
    some.height = Math.max(200, (ink.bottom - ink.top) * scale + 2 * MARGIN);
  }
  some.height = Math.min(some.height, 8000);
  ratio = fit(canvas, width, some.height);
  paint();
}

function grow() {
  if (!page().own || !page().strokes.length) return;
  if (bounds().bottom * page().view.scale > page().height - GROW / 2) { page().height += GROW; resize(); }
}

function paintStroke(points, from, color, to = points.length / 3) {
  const { scale, x, y } = page().view, flat = inked(points);
  const pen = { width: WIDTH / scale, color, lively: Boolean(points.pressure) };
  draw(context, flat, from, to, [1, 0, x / scale, 0, 1, y / scale], scale * ratio, pen, 1);
}

function paint() {
  if (!ratio) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (lit?.box) {
    const { scale, x, y } = page().view, { left, top, right, bottom } = lit.box;
    context.fillStyle = "#f2d9a855";
    context.beginPath();
    context.roundRect((left * scale + x - 7) * ratio, (top * scale + y - 7) * ratio, ((right - left) * scale + 14) * ratio, ((bottom - top) * scale + 14) * ratio, 8 * ratio);
    context.fill();
  }
  for (const points of page().strokes) paintStroke(points, 0, INK);
  for (const run of lit?.strokes ?? []) {
    const points = page().read[run.stroke];
    if (points) paintStroke(points, run.first, LIT, run.last + 1);
  }
}

// --- reading -------------------------------------------------------------------------------------------------------

// Read the page that is shown, then every other one that is not read yet, as those of a file.
async function read() {
  const own = running = new AbortController();
  for (let some; running === own && (some = unread());) {
    const { unit, strokes } = some;
    by("read-text").setAttribute("aria-busy", some === page());
    try {
      for await (const [name, data] of api.stream("api/read", { unit, strokes }, own.signal)) {
        if (name === "queue") say(`Two pages are being read; ${data.ahead} before this one.`);
        else if (name === "done") { some.lines = data.lines; some.read = strokes; unsay(read); }
      }
    } catch (error) { fail(error, read); break; }
    if (running === own && some === page()) showText();
  }
  if (running !== own) return;
  by("read-text").removeAttribute("aria-busy");
  by("copy-text").disabled = !wholeText();
}

// A word's ink, whatever else is on the page: where it begins and ends.
const inkOf = (some, word) => JSON.stringify(word.strokes.map(({ stroke: number, first, last }) => [some.read[number]?.[0], some.read[number]?.[1], first, last]));

const textOf = (some, word) => some.chosen[inkOf(some, word)] ?? word.text;
const wholeText = () => pages.flatMap((some) => some.lines.map(({ words }) => words.map((word) => textOf(some, word)).join(" "))).filter(Boolean).join("\n");

function showText() {
  const some = page();
  closeMenu();
  by("read-text").replaceChildren(...some.lines.filter(({ words }) => words.length).map((line) => make("p", {}, ...line.words.flatMap((word) => [wordButton(some, word), " "]))));
  by("nothing").hidden = some.lines.some(({ words }) => words.length);
  by("copy-text").disabled = !wholeText();
}

const percent = (share) => (share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`);

function wordButton(some, word) {
  const key = inkOf(some, word), chosen = key in some.chosen;
  const doubtful = !chosen && word.confidence < DOUBTFUL;
  const button = make("button", { type: "button", class: `word${doubtful ? " doubtful" : ""}${chosen ? " chosen" : ""}` }, textOf(some, word));
  const sure = percent(word.confidence);
  button.title = chosen ? "chosen by you" : `${sure} sure`;
  if (doubtful) button.setAttribute("aria-label", `${word.text}, doubtful, ${sure} sure`);
  button.setAttribute("aria-haspopup", "menu");
  const light = () => { lit = word; paint(); };
  const dark = () => { if (lit === word && !button.matches(":hover, :focus-visible") && !button.hasAttribute("aria-expanded")) { lit = null; paint(); } };
  for (const name of ["pointerenter", "focus"]) button.addEventListener(name, light);
  for (const name of ["pointerleave", "blur"]) button.addEventListener(name, dark);
  button.addEventListener("click", () => openMenu(button, some, word, key));
  return button;
}

function openMenu(button, some, word, key) {
  const wasOpen = button.hasAttribute("aria-expanded");
  closeMenu();
  if (wasOpen) return;
  const pick = (text) => {
    if (text === word.text) delete some.chosen[key];
    else some.chosen[key] = text;
    const place = [...by("read-text").querySelectorAll(".word")].indexOf(button);
    showText();
    by("read-text").querySelectorAll(".word")[place]?.focus();
  };
  const texts = [{ text: word.text, confidence: word.confidence }, ...word.alternatives.filter(({ text }) => text !== word.text)];
  const items = texts.map(({ text, confidence }) => make("button", { type: "button", role: "menuitem", onclick: () => pick(text) }, make("span", {}, text), make("small", {}, percent(confidence))));
  const field = make("input", { type: "text", "aria-label": "Another word", placeholder: "another word", value: "", maxlength: 60 });
  const form = make("form", {}, field);
  form.addEventListener("submit", (event) => { event.preventDefault(); if (field.value.trim()) pick(field.value.trim()); });
  const menu = make("div", { class: "menu", role: "menu", id: "menu" }, ...items, form);
  menu.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") { event.stopPropagation(); closeMenu(); button.focus(); }
    if (!move) return;
    event.preventDefault();
    const all = [...items, field], at = all.indexOf(document.activeElement);
    all[(at + move + all.length) % all.length].focus();
  });
  button.setAttribute("aria-expanded", "true");
  by("result").append(menu);
  const box = button.getBoundingClientRect(), holder = by("result").getBoundingClientRect();
  menu.style.left = `${Math.max(0, Math.min(box.left - holder.left, holder.width - menu.offsetWidth - 8))}px`;
  menu.style.top = `${box.bottom - holder.top + 4}px`;
  items[0].focus({ preventScroll: calm() });
  setTimeout(() => addEventListener("pointerdown", outside), 0);
}

function outside(event) {
  if (!by("menu")?.contains(event.target) && !event.target.closest?.(".word")) closeMenu();
}

function closeMenu() {
  removeEventListener("pointerdown", outside);
  by("menu")?.remove();
  document.querySelector(".word[aria-expanded]")?.removeAttribute("aria-expanded");
}

// --- files ---------------------------------------------------------------------------------------------------------

async function open(files) {
  for (const file of files) {
    const suffixes = about.suffixes;
    if (!suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) {
      say(`${file.name} is no ink that can be read; that is in ${suffixes.join(", ")}.`, { bad: true });
      continue;
    }
    if (file.size > about.max_file) {
      say(`${file.name} is larger than ${about.max_file / 1e6} MB, the most that the studio takes.`, { bad: true });
      continue;
    }
    say(`Opening ${file.name}…`);
    try {
      const opened = await api.send(`api/ink/open?name=${encodeURIComponent(file.name)}`, file);
      const added = opened.pages.map(({ unit, strokes }) => ({ ...blank(), unit, strokes, saved: strokes, own: false }));
      if (pages.length === 1 && !page().strokes.length) pages = added;
      else pages.push(...added);
      turn(pages.length - added.length);
      const left = opened.report.length ? ` ${opened.report.join("; ")}.` : "";
      say(`${file.name}: ${added.length === 1 ? "one page" : `${added.length} pages`}.${left}`);
    } catch (error) { fail(error); }
  }
}

async function save(kind) {
  try {
    const inks = pages.filter(({ strokes }) => strokes.length), sent = inks.map(({ unit, strokes }) => ({ unit, strokes }));
    const made = await api.file("api/ink/save", { kind, pages: sent });
    saveFile(made);
    inks.forEach((some, n) => { some.saved = sent[n].strokes; });
    say(`${made.name} is saved.`);
  } catch (error) { fail(error); }
}
