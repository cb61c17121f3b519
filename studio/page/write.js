// "Write": the settings, the text with its unknown characters marked, and the paper with the pen at work.

import * as api from "./api.js";
import { by, calm, copy, fail, make, remember, saveFile, say } from "./dom.js";
import { Paper } from "./paper.js";

const LATER = 350; // ms after the last change of a setting
const EACH = "each"; // the card for another handwriting on every line
const LONG_TEXT = 1500; // characters, from which a changed setting writes nothing by itself
let about, paper, running, written = null, isWhole = false, again = {}, timer; // isWhole: the paper has what was written last

export function start(facts) {
  about = facts;
  paper = new Paper(by("sheets"), writeAgain);
  fillChoices();
  restore();
  by("text").addEventListener("input", () => { again = {}; markText(); store(); });
  by("text").addEventListener("scroll", () => { by("marks").scrollTop = by("text").scrollTop; });
  by("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); write(); }
  });
  by("settings").addEventListener("submit", (event) => { event.preventDefault(); write(); });
  by("settings").addEventListener("input", changed);
  by("anew").addEventListener("click", () => { by("seed").value = 1 + Math.floor(Math.random() * 1e6); again = {}; write(); });
  by("stop").addEventListener("click", () => { running?.abort(); paper.halt(); say("Stopped."); });
  by("replay").addEventListener("click", () => paper.replay());
  by("speed").addEventListener("change", () => { paper.speed = Number(by("speed").value); remember("speed", by("speed").value); });
  by("throw").addEventListener("click", throwDice);
  by("leave-out").addEventListener("click", leaveOut);
  by("copy-svg").addEventListener("click", copySvg);
  by("copy-command").addEventListener("click", () => copy(by("command").textContent, "The command"));
  for (const button of document.querySelectorAll("[data-kind]")) button.addEventListener("click", () => download(button));
  paper.speed = Number(by("speed").value);
  new ResizeObserver(() => { if (by("sheets").clientWidth !== paper.width) paper.resize(); }).observe(by("sheets"));
  markText();
  write();
}

// --- choices -------------------------------------------------------------------------------------------------------

function fillChoices() {
  for (const name of Object.keys(about.papers)) {
    by("paper").append(make("option", { value: name }, name === "letter" ? "Letter" : name.toUpperCase()));
  }
  by("paper").append(make("option", { value: "own" }, "Own size"));
  addCard({ id: "", title: "Any", text: "a new handwriting" });
  addCard({ id: EACH, title: "Motley", text: "another on every line" });
  about.styles.forEach((card) => addCard(card));
  const plotters = by("plotters");
  for (const name of about.machines ?? []) {
    const button = make("button", { type: "button", class: "quiet", "data-kind": name }, name === "hp7475a" ? "HPGL" : `G-code (${name.replace("grbl-", "")})`);
    plotters.append(button);
  }
  if (about.machines && !about.machines.length) {
    plotters.append(make("button", { type: "button", class: "quiet", disabled: true, "aria-describedby": "no-plotter" }, "G-code"));
    by("no-plotter").hidden = false;
  }
}

// The card of a handwriting that was learned: new, or in place of an older one; the first of all cards but those of none.
export function addHand(card, { chosen: isChosen = false } = {}) {
  const old = by(`style-card-${card.id}`), wasChosen = old?.checked;
  old?.parentElement.remove();
  const input = addCard(card, by(`style-card-${EACH}`).parentElement.nextSibling);
  input.checked = isChosen || wasChosen;
  if (isChosen) { store(); written = null; write(); }
}

export function dropHand(id) {
  const input = by(`style-card-${id}`);
  if (input?.checked) by("style-card-any").checked = true;
  input?.parentElement.remove();
  store();
}

function addCard({ id, title, path, box, text }, before = null) {
  const name = `style-card-${id || "any"}`;
  const input = make("input", { type: "radio", name: "style", value: id, id: name });
  const label = make("label", { for: name, class: path ? "card" : "card words" });
  if (path) {
    label.append(make("svg", { viewBox: `${box[0] - 3} ${box[1] - 3} ${box[2] + 6} ${box[3] + 6}`, "aria-hidden": "true" }, make("path", { d: path })));
  } else {
    label.append(make("span", { class: "any" }, text));
  }
  label.append(make("span", { class: "title" }, title));
  const slot = make("div", { class: "slot" }, input, label);
  if (id.startsWith("random-")) slot.append(make("button", { type: "button", class: "small keep", onclick: () => keep(id, slot) }, "Keep"));
  if (id.startsWith("kept-")) slot.append(make("button", { type: "button", class: "small", "aria-label": `Remove ${title}`, onclick: () => drop(id, slot) }, "Remove"));
  by("cards").insertBefore(slot, before);
  return input;
}

async function throwDice() {
  const button = by("throw");
  button.disabled = true;
  button.classList.add("rolling");
  try {
    const card = await api.post("api/styles/random", { seed: Math.floor(Math.random() * 2 ** 32) });
    document.querySelectorAll('#cards input[value^="random-"]').forEach((old) => old.parentElement.remove());
    const input = addCard(card);
    input.checked = true;
    input.parentElement.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    changed();
  } catch (error) { fail(error); }
  button.disabled = false;
  button.classList.remove("rolling");
}

function keep(id, slot) {
  const field = make("input", { type: "text", "aria-label": "A name for this handwriting", placeholder: "its name", maxlength: 40, class: "name" });
  const form = make("form", { class: "naming" }, field, make("button", { class: "small" }, "Keep"));
  form.addEventListener("input", (event) => event.stopPropagation());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      const card = await api.post("api/styles/keep", { id, title: field.value });
      slot.remove();
      const input = addCard(card);
      input.checked = true;
      input.focus();
      store();
      written = null;
      say(`Kept as ${card.title}.`);
    } catch (error) { fail(error); field.focus(); }
  });
  slot.querySelector("button").replaceWith(form);
  field.focus();
}

async function drop(id, slot) {
  const title = slot.querySelector(".title").textContent;
  if (!confirm(`Remove the handwriting ${title}? It cannot be brought back.`)) return;
  try {
    await api.post("api/styles/remove", { id });
    if (slot.querySelector("input").checked) by("style-card-any").checked = true;
    slot.remove();
    store();
    say(`${title} is removed.`);
  } catch (error) { fail(error); }
}

// --- settings ------------------------------------------------------------------------------------------------------

const number = (id) => Number(by(id).value);
const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value ?? "";
const unless = (id) => (by(`${id}-auto`).checked ? null : number(id));

function settings() {
  let sheet = by("paper").value;
  const sides = sheet === "own" ? [number("width"), number("height")] : about.papers[sheet];
  if (sheet === "own") sheet = `${sides[0]}x${sides[1]}`;
  else if (sides && by("landscape").checked) sheet = `${sides[1]}x${sides[0]}`;
  return {
    text: by("text").value, style: chosen("style") === EACH ? "" : chosen("style"), hands: chosen("style") === EACH ? "each" : "one", bias: number("bias"), seed: number("seed"), paper: sheet,
    margin: unless("margin"), size: unless("size"), spacing: unless("spacing"), slant: number("slant"),
    align: by("align").value, ruled: by("ruled").checked, pen: number("pen"), color: by("color").value,
    line: by("lively").checked ? "filled" : "curves", substitute: true, again,
  };
}

const pen = () => ({ width: number("pen"), color: by("color").value, lively: by("lively").checked });

const FIELDS = ["text", "bias", "seed", "paper", "width", "height", "margin", "size", "spacing", "slant", "align", "pen", "color"];
const SWITCHES = ["landscape", "margin-auto", "size-auto", "spacing-auto", "ruled", "lively"];

function store() {
  const values = Object.fromEntries(FIELDS.map((id) => [id, by(id).value]));
  const switches = Object.fromEntries(SWITCHES.map((id) => [id, by(id).checked]));
  remember("write", { values, switches, style: chosen("style") });
}

function restore() {
  const kept = remember("write");
  for (const [id, value] of Object.entries(kept?.values ?? {})) if (FIELDS.includes(id)) by(id).value = value;
  for (const [id, value] of Object.entries(kept?.switches ?? {})) if (SWITCHES.includes(id)) by(id).checked = value;
  const style = kept?.style ?? "style-5";
  const card = [...document.querySelectorAll('input[name="style"]')].find((input) => input.value === style);
  (card ?? by("style-card-any")).checked = true;
  if (!by("paper").value) by("paper").value = "";
  const speed = remember("speed");
  if (speed) by("speed").value = speed;
  if (calm() && !speed) by("speed").value = "0";
  show();
}

// Everything on the page that follows from the settings.
function show() {
  const units = { bias: "", size: " mm", spacing: " mm", margin: " mm", pen: " mm", slant: "°" };
  for (const [id, unit] of Object.entries(units)) {
    const auto = by(`${id}-auto`)?.checked;
    by(`${id}-out`).textContent = auto ? "" : `${by(id).value}${unit}`;
    by(id).classList.toggle("auto", Boolean(auto));
  }
  by("own-size").hidden = by("paper").value !== "own";
  by("landscape").disabled = ["", "own"].includes(by("paper").value);
  for (const swatch of document.querySelectorAll('input[name="swatch"]')) swatch.checked = swatch.value === by("color").value;
}

function changed(event) {
  const target = event?.target;
  if (target?.id === "text") return;
  if (target?.name === "swatch") by("color").value = target.value;
  if (["size", "spacing", "margin"].includes(target?.id)) by(`${target.id}-auto`).checked = false;
  show();
  store();
  paper.pen = pen();
  if (["pen", "color", "lively"].includes(target?.id) || target?.name === "swatch") return paper.paint();
  if (!written || !by("text").value.trim() || by("text").value.length > LONG_TEXT) return;
  clearTimeout(timer);
  const layout = ["size", "spacing", "margin", "slant", "align", "ruled", "paper", "landscape", "width", "height"];
  const still = layout.some((id) => target?.id?.startsWith(id));
  timer = setTimeout(() => write({ still }), LATER);
}

// --- unknown characters --------------------------------------------------------------------------------------------

const known = (text) => [...text].every((character) => about.alphabet.includes(character));

function standIn(character) {
  const [letter, ...marks] = character.normalize("NFD");
  const drawn = about.drawn.includes(character) || (known(letter) && marks.every((mark) => about.marks.includes(mark)));
  if (/\s/u.test(character) || known(character) || drawn) return character;
  const bare = character.normalize("NFKD").replace(/\p{Mn}/gu, "");
  return [about.stand_ins[character], bare || undefined].find((each) => each !== undefined && known(each));
}

function markText() {
  const text = by("text").value, unknown = new Set(), swapped = new Map(), parts = [];
  // Characters with their accents: what looks like a single character is marked as that.
  for (const cluster of text.match(/\P{M}\p{M}*|\p{M}/gu) ?? []) {
    const character = cluster.normalize("NFC");
    const whole = [...character].map(standIn);
    if (whole.every((piece) => piece !== undefined)) {
      const same = whole.join("") === character;
      if (!same) swapped.set(character, whole.join(""));
      parts.push(same ? cluster : make("mark", { class: "swapped" }, cluster));
    } else {
      unknown.add(character);
      parts.push(make("mark", { class: "unknown" }, cluster));
    }
  }
  by("marks").replaceChildren(...parts, "\n");
  by("marks").scrollTop = by("text").scrollTop;
  const size = [...text].length;
  by("count").textContent = `${size.toLocaleString("en")} ${size === 1 ? "character" : "characters"}`;
  by("count").classList.toggle("over", size > about.max_text);
  by("unknown").hidden = !unknown.size;
  by("unknown-list").textContent = [...unknown].slice(0, 20).join(" ");
  by("swapped").hidden = !swapped.size;
  by("swapped").textContent = `Written instead: ${[...swapped].slice(0, 12).map(([old, fresh]) => `${fresh} for ${old}`).join(", ")}.`;
  by("go").disabled = Boolean(unknown.size) || !text.trim();
}

function leaveOut() {
  const clusters = by("text").value.match(/\P{M}\p{M}*|\p{M}/gu) ?? [];
  by("text").value = clusters.filter((cluster) => [...cluster.normalize("NFC")].every((one) => standIn(one) !== undefined)).join("");
  markText();
  store();
  by("text").focus();
}

// --- writing -------------------------------------------------------------------------------------------------------

function writeAgain(line) {
  again[line] = (again[line] ?? 0) + 1;
  write({ only: line });
}

async function write({ only = null, still = false } = {}) {
  clearTimeout(timer);
  if (by("go").disabled) return;
  running?.abort();
  const own = running = new AbortController();
  const given = settings();
  if (only === null && written && (written.text !== given.text || written.style !== given.style || written.hands !== given.hands || written.seed !== given.seed)) {
    again = {};
    given.again = again;
  }
  by("stop").hidden = false;
  by("downloads").disabled = true;
  paper.pen = pen();
  try {
    for await (const [name, data] of api.stream("api/write", given, own.signal)) {
      if (name === "queue") say(`Two writings are at work; ${data.ahead} before this one.`);
      else if (name === "lines") { isWhole = false; paper.begin(data, { only, still }); }
      else if (name === "ink") paper.add(...data);
      else if (name === "done") done(given, data);
    }
  } catch (error) { fail(error); if (running === own) paper.halt(); }
  if (running === own) { by("stop").hidden = true; by("downloads").disabled = !isWhole; }
}

function done(given, { pages, capped, command }) {
  [written, isWhole] = [{ ...given, again: { ...given.again } }, true];
  paper.place(pages);
  const lines = pages.reduce((sum, page) => sum + page.lines.length, 0);
  const odd = capped.length ? ` ${capped.length === 1 ? "One line" : `${capped.length} lines`} did not end by itself; write it again.` : "";
  if (!by("write").hidden) say(`${lines === 1 ? "One line" : `${lines} lines`}${pages.length > 1 ? ` on ${pages.length} pages` : ""}.${odd}`);
  by("command").textContent = command ?? "There is none: this handwriting is not kept yet, or lines were written again.";
  by("copy-command").disabled = !command;
}

// What is on the paper, with the pen as it is now: a pen changes no line.
const shown = () => ({ ...written, pen: number("pen"), color: by("color").value, line: by("lively").checked ? "filled" : "curves" });

async function download(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const made = await api.file(`api/write/${button.dataset.kind}`, shown());
    saveFile(made);
    say(`${made.name} is saved.`);
  } catch (error) { fail(error); }
  button.removeAttribute("aria-busy");
}

async function copySvg() {
  try {
    const { name, blob } = await api.file("api/write/svg", shown());
    if (name.endsWith(".zip")) return say("These are several pages; download them, or choose a larger sheet.", { bad: true });
    await copy(await blob.text(), "The SVG");
  } catch (error) { fail(error); }
}
