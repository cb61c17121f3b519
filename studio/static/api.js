// What the studio's server does for the page, in the browser itself: the same functions as the server's api.js.

import { draw, usualStep } from "./ink.js";
import { baseline, baselineSlope, extent, mapped, median, xHeight } from "./geometry.js";
import { FEWEST_CHARACTERS, Sheet, layOut, lineLength, wrapText } from "./layout.js";
import { Writers } from "./writers.js";

const SEEDS_PER_WRITING = 1_000_003, MAX_BATCH = 8, CARD_X_HEIGHT = 20, DPI = 300, MAX_SIDE = 16000;
const styles = new Map(), memory = new Map();
let facts, writers, last;

export class Refused extends Error {}

async function fetched(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new TypeError();
  return answer;
}

// The kernel that is faster where the browser and its processor can run it, and else the other one.
async function kernel() {
  try {
    const { module, instance } = await WebAssembly.instantiate(await (await fetched("browser-fused.wasm")).arrayBuffer());
    if (instance.exports.is_fused()) return module;
  } catch { /* the browser does not know all of its instructions */ }
  return WebAssembly.compile(await (await fetched("browser.wasm")).arrayBuffer());
}

export async function about() {
  try {
    const network = fetched("network.bin").then((answer) => answer.arrayBuffer()), module = kernel();
    network.catch(() => {});
    module.catch(() => {});
    facts = await (await fetched("about.json")).json();
    writers = new Writers(await module, await network);
  } catch (error) {
    if (location.protocol === "file:") throw new Refused("Browsers load no network from a bare file. Serve this folder: python -m http.server");
    throw new Refused(error instanceof WebAssembly.CompileError ? "This browser is too old for the pen: it needs WebAssembly with SIMD." : "The network cannot be loaded. Reload the page.");
  }
  for (const [id, { text, strokes, unit }] of Object.entries(facts.inks)) {
    const bytes = Uint8Array.from(atob(strokes), (character) => character.charCodeAt(0));
    styles.set(id, { id, text, strokes: new Float32Array(bytes.buffer), unit });
  }
  return facts;
}

// --- writing -------------------------------------------------------------------------------------------------------

const encode = (text) => Int32Array.from([...text], (character) => [...facts.alphabet].indexOf(character));
const limit = (text) => Math.trunc(facts.limit[0] * ([...text].length + facts.limit[1]));

function pointsOf(strokes, from = 0, at = [0, 0]) {
  const points = [];
  for (let i = from; i < strokes.length; i += 3) {
    at[0] += strokes[i] * facts.std[0];
    at[1] += strokes[i + 1] * facts.std[1];
    points.push(Math.fround(at[0]), Math.fround(at[1]), strokes[i + 2]);
  }
  return points;
}

// Lines as `Writer.draw_lines` draws them: strokes and whether each ended by itself.
function drawLines(texts, seeds, bias, style, signal, onPartial) {
  const before = style ? `${style.text} ` : "";
  const lines = texts.map((text, k) => ({ text: encode(before + text), seed: seeds[k], points: limit(text) }));
  const prime = style && { strokes: style.strokes, chars: [...before].length };
  return writers.write({ lines, bias, prime, at_once: 16 }, signal, onPartial);
}

const substituted = (text, alphabet, used) => [...text].map((character) => {
  if (alphabet.includes(character)) return character;
  const bare = character.normalize("NFKD").replace(/\p{M}/gu, "");
  const candidates = [facts.stand_ins[character], bare || undefined].filter((each) => each !== undefined);
  const better = candidates.find((each) => [...each].every((piece) => alphabet.includes(piece)));
  if (better !== undefined) used[character] = better;
  return better ?? character;
}).join("");

async function styleFor(settings, texts, signal) {
  if (settings.style) return styles.get(settings.style);
  if (texts.filter(Boolean).length < 2 || settings.hands === "each") return null;
  const { text: usual, bias } = facts.own_style;
  const text = [...usual].every((character) => facts.alphabet.includes(character)) ? usual : texts.reduce((a, b) => (b.length > a.length ? b : a));
  const key = `own ${settings.seed} ${Math.max(settings.bias, bias)} ${text}`;
  if (!styles.has(key)) {
    const { strokes } = await drawLines([text], [(settings.seed + 1) * SEEDS_PER_WRITING - 1], Math.max(settings.bias, bias), null, signal);
    styles.set(key, { id: key, text, strokes: strokes[0] });
  }
  return styles.get(key);
}

const key = ({ bias }, text, seed, style) => JSON.stringify([text, seed, bias, style?.id ?? ""]);

// Yields "lines", "ink" and at the end "done", as the server's events.
export async function* stream(path, settings, signal) {
  const used = {}, sheet = new Sheet(settings, facts.papers);
  const text = substituted(substituted(settings.text.normalize("NFC"), facts.well_known, used), facts.alphabet, used);
  const given = styles.get(settings.style), own = given && { text: given.text, points: pointsOf(given.strokes) };
  const length = lineLength(text, sheet, facts.chars_per_line, own);
  if (sheet.space.some((side) => side <= 0)) throw new Refused("The margins leave no space on this paper.");
  if (length < FEWEST_CHARACTERS) throw new Refused("A line is too short for writing of this size.");
  if (sheet.spacing > sheet.space[1]) throw new Refused("The lines are too far apart for this paper.");
  const texts = wrapText(text, length), paper = sheet.forLines(texts.length);
  if (!texts.some(Boolean)) throw new Refused("The text is empty; there is nothing to write.");
  if ([...settings.text].length > facts.max_text) throw new Refused(`The text has more than ${facts.max_text.toLocaleString("en")} characters; write it in parts.`);
  const { width, height, edge } = paper;
  yield ["lines", { texts, sheet: { width, height, edge, spacing: paper.lineSpacing }, substituted: used }];
  const unit = given?.unit ?? facts.unit, scale = (paper.xHeight ?? 2.8) / unit;
  const events = [];
  let wake = () => {}, failed = null, left;
  const emit = (event) => { events.push(event); wake(); };
  const work = writeAll(settings, texts, scale, signal, emit).then((result) => { left = result; wake(); }, (error) => { failed = error; wake(); });
  while (!left || events.length) {
    if (failed) throw failed;
    if (events.length) yield events.shift();
    else await new Promise((resolve) => { wake = resolve; if (left || failed || events.length) resolve(); });
  }
  await work;
  const { style, inks } = left;
  const ofStyle = style && pointsOf(style.strokes), size = facts.size ?? (style ? xHeight(ofStyle) : null);
  const pages = layOut(inks.map(({ points }) => points), texts, size, facts.unit, paper, style ? baselineSlope(ofStyle) : null);
  for (const page of pages) for (const { matrix } of page.lines) for (const k of [0, 1, 3, 4]) matrix[k] /= scale;
  last = { pages, lines: inks.map(({ points }) => flat(points, scale)) };
  const capped = inks.flatMap(({ stopped }, line) => (texts[line] && !stopped ? [line] : []));
  yield ["done", { pages, capped, command: command(settings) }];
}

const flat = (points, scale) => points.map((value, i) => (i % 3 === 2 ? value : value * scale));

async function writeAll(settings, texts, scale, signal, emit) {
  const style = await styleFor(settings, texts, signal);
  const inks = texts.map(() => ({ points: [], stopped: true })), missing = [];
  texts.forEach((text, line) => {
    if (!text) return;
    const seed = settings.seed * SEEDS_PER_WRITING + line + (settings.again[line] ?? 0) * SEEDS_PER_WRITING;
    const old = memory.get(key(settings, text, seed, style));
    if (old) emit(["ink", [line, flat((inks[line] = old).points, scale), true]]);
    else missing.push({ line, text, seed });
  });
  const batches = [missing.slice(0, 1)];
  const size = Math.min(MAX_BATCH, Math.max(1, Math.ceil((missing.length - 1) / writers.limit)));
  for (let first = 1; first < missing.length; first += size) batches.push(missing.slice(first, first + size));
  await Promise.all(batches.filter((batch) => batch.length).map(async (batch) => {
    const sent = batch.map(() => ({ rows: 0, at: [0, 0] }));
    const show = (k, strokes, whole) => { // the last point is kept back until it is known to be one
      const end = whole ? strokes.length : strokes.length - 3, fresh = strokes.subarray(0, end);
      const points = pointsOf(fresh, sent[k].rows, sent[k].at);
      if (points.length || whole) emit(["ink", [batch[k].line, flat(points, scale), whole]]);
      sent[k].rows = Math.max(sent[k].rows, end);
    };
    const partial = (all) => all.forEach((strokes, k) => show(k, strokes, false));
    const { strokes, stopped } = await drawLines(batch.map(({ text }) => text), batch.map(({ seed }) => seed), settings.bias, style, signal, partial);
    strokes.forEach((line, k) => {
      const { line: number, text, seed } = batch[k];
      inks[number] = { points: pointsOf(line), stopped: stopped[k], strokes: line };
      memory.set(key(settings, text, seed, style), inks[number]);
      show(k, line, true);
    });
  }));
  lastStrokes = inks.map(({ strokes }) => (strokes ? [...strokes] : []));
  return { style, inks };
}

let lastStrokes = [];
// The strokes of the lines written last, in the network's units.
export const strokes = () => lastStrokes;
export const speeds = () => writers.speeds;

const quoted = (text) => (/^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

function command(settings) {
  const { text, style, bias, seed, again } = settings;
  if ((style && !facts.inks[style]) || Object.values(again).some(Boolean)) return null;
  const hands = style || (facts.network && settings.hands === "one") ? "" : settings.hands; // by itself the seed picks a style
  const options = { style: style.replace("style-", ""), hands, paper: settings.paper, margin: settings.margin, size: settings.size, "line-spacing": settings.spacing };
  const usual = { slant: 0, align: "left", pen: 0.45, color: "#1a1a2e" };
  const words = ["python experiments.py", ...(facts.network ? ["-r", quoted(facts.network)] : []), "write", quoted(text.replaceAll("\n", "\\n")), "--bias", bias, "--seed", seed];
  for (const [name, value] of Object.entries(options)) if (value !== null && value !== "") words.push(`--${name}`, quoted(String(value)));
  for (const [name, value] of Object.entries(usual)) if (settings[name] !== value) words.push(`--${name}`, quoted(String(settings[name])));
  if (settings.line !== "curves") words.push(`--${settings.line}`);
  if (settings.ruled) words.push("--ruled");
  return [...words, "--substitute", "-o", `writing-${seed}.svg`].join(" ");
}

// --- styles and files ----------------------------------------------------------------------------------------------

export async function post(path, { seed }) {
  if (path !== "api/styles/random") throw new Refused("This page keeps nothing.");
  const { text, bias, tries, step } = facts.random_style;
  let strokes, stopped;
  for (let attempt = 0; attempt < tries && !stopped?.[0]; attempt++) ({ strokes, stopped } = await drawLines([text], [seed + attempt * step], bias, null));
  const id = `new-${seed}`, points = pointsOf(strokes[0]);
  styles.set(id, { id, text, strokes: strokes[0], unit: xHeight(points) });
  const scale = CARD_X_HEIGHT / xHeight(points), left = extent(points, 0)[0], base = baseline(points);
  const ink = mapped(points, [scale, 0, -left * scale, 0, scale, -base * scale]);
  const [top, bottom] = extent(ink, 1), box = [0, top, extent(ink, 0)[1], bottom - top].map(Math.round);
  const data = [];
  for (let i = 0; i < ink.length; i += 3) data.push(`${i && ink[i - 1] !== 1 ? "L" : "M"}${ink[i].toFixed(1)} ${ink[i + 1].toFixed(1)}`);
  return { id, title: "New", text, box, path: data.join("") };
}

export async function send() {
  throw new Refused("This page does not read.");
}

// A canvas's context whose strokes become paths of an SVG.
class Paths {
  constructor() { this.paths = []; this.data = []; }
  beginPath() { this.data = []; }
  moveTo(x, y) { this.data.push(`M${x.toFixed(3)} ${y.toFixed(3)}`); }
  lineTo(x, y) { this.data.push(`L${x.toFixed(3)} ${y.toFixed(3)}`); }
  quadraticCurveTo(a, b, x, y) { this.data.push(`Q${[a, b, x, y].map((value) => value.toFixed(3)).join(" ")}`); }
  stroke() { if (this.data.length) this.paths.push(`<path d="${this.data.join("")}" stroke-width="${this.lineWidth.toFixed(3)}"/>`); }
}

// The pages, one below the other.
function picture({ pen, color, line }, background) {
  const { pages, lines } = last, usual = usualStep(lines);
  const width = Math.max(...pages.map((page) => page.width)), height = pages.reduce((sum, page) => sum + page.height, 0);
  const content = [];
  let top = 0;
  for (const page of pages) {
    const rules = page.rules.map(([x0, y0, x1, y1]) => `<path d="M${x0.toFixed(3)} ${(y0 + top).toFixed(3)}L${x1.toFixed(3)} ${(y1 + top).toFixed(3)}"/>`);
    if (rules.length) content.push(`<g fill="none" stroke="#a9c1dd" stroke-width="0.15">${rules.join("")}</g>`);
    for (const { number, matrix } of page.lines) {
      const paths = new Paths(), [a, c, e, b, d, f] = matrix;
      draw(paths, lines[number], 0, lines[number].length / 3, [a, c, e, b, d, f + top], 1, { width: pen, color, lively: line === "filled" }, usual);
      content.push(`<g class="line">${paths.paths.join("\n")}</g>`);
    }
    top += page.height;
  }
  const size = [width, height].map((side) => side.toFixed(3));
  return [`<svg xmlns="http://www.w3.org/2000/svg" width="${size[0]}mm" height="${size[1]}mm" viewBox="0 0 ${size.join(" ")}">
${background ? '<rect width="100%" height="100%" fill="#fff"/>\n' : ""}<g fill="none" stroke="${color}" stroke-linecap="round" stroke-linejoin="round">
${content.join("\n")}
</g></svg>
`, width, height];
}

export async function file(path, settings) {
  const kind = path.split("/").at(-1), [svg, width, height] = picture(settings, kind !== "transparent");
  const blob = new Blob([svg], { type: "image/svg+xml" });
  if (kind === "svg") return { name: `writing-${settings.seed}.svg`, blob };
  const image = new Image(), scale = Math.min(DPI / 25.4, MAX_SIDE / Math.max(width, height)), canvas = document.createElement("canvas");
  image.src = URL.createObjectURL(blob);
  await image.decode();
  [canvas.width, canvas.height] = [width, height].map((side) => Math.round(side * scale));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return { name: `writing-${settings.seed}.png`, blob: await new Promise((resolve) => canvas.toBlob(resolve, "image/png")) };
}
