// Lines of ink on paper: render/ink/paper.py and render/ink/page.py in JavaScript. Lengths in mm.

import { IDENTITY, after, baseline, extent, mapped, median, turnOf, turned, xHeight } from "./geometry.js";

const X_HEIGHT = 2.8, SMALLEST = 2.2, LARGEST = 3.4, X_PER_SPACING = 0.28, CHARACTER_WIDTH = 1.4, LONGER_LINES = 1.5, WIDER_LINES = 1.1;
const SLIP_MARGIN = 8, SHEET_MARGIN = 20, SHEET_MARGIN_SHARE = 0.1, LINES_ON_A_SLIP = 12, LONGEST_LINE = 500;
const FEW_LETTERS = 10, MIN_GAP = 0.12, SKYLINE_BIN = 0.1, SHARE_LEFT = { left: 0, center: 0.5, right: 1 };

const even = (value) => { const low = Math.floor(value); return value - low === 0.5 ? low + low % 2 : Math.round(value); };

export class Sheet {
  constructor(settings, papers) {
    const [, width, height] = /^(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)$/.exec(settings.paper) ?? [null, ...(papers[settings.paper] ?? [null, null])];
    Object.assign(this, settings, { width: width && Number(width), height: height && Number(height), papers });
  }

  get edge() {
    if (this.margin !== null) return this.margin;
    return this.width ? Math.min(SHEET_MARGIN, SHEET_MARGIN_SHARE * Math.min(this.width, this.height)) : SLIP_MARGIN;
  }

  get space() {
    return [this.width, this.height].map((side) => (side ? side - 2 * this.edge : Infinity));
  }

  get xHeight() {
    if (this.size === null && this.spacing !== null) return X_PER_SPACING * this.spacing;
    return this.width ? this.size : this.size ?? X_HEIGHT;
  }

  get lineSpacing() {
    return this.spacing ?? (this.xHeight ?? X_HEIGHT) / X_PER_SPACING;
  }

  charsPerLine(usual, characterWidth) {
    if (!this.width) return usual;
    const fitting = this.space[0] / (characterWidth * (this.xHeight === null ? X_HEIGHT : WIDER_LINES * this.xHeight));
    return Math.min(even(LONGER_LINES * usual), Math.floor(fitting));
  }

  forLines(count) {
    if (this.width || count <= LINES_ON_A_SLIP) return this;
    const [width, height] = this.papers.a4;
    return Object.assign(Object.create(Sheet.prototype), this, { width, height });
  }
}

export const FEWEST_CHARACTERS = 4;

// The number of characters of a text's lines: results/writing/line_length.py. `own` is the style's line, its text and
// points, or null.
export function lineLength(text, sheet, usual, own) {
  let width = CHARACTER_WIDTH;
  if (own) { const [low, high] = extent(own.points, 0); width = (high - low) / xHeight(own.points) / [...own.text].length; }
  const length = sheet.forLines(wrapText(text, usual).length).charsPerLine(usual, width);
  return sheet.width ? length : Math.min(length, usual);
}

export function wrapText(text, longest) {
  const lines = [];
  for (const paragraph of text.trim().split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/u)) {
    const words = paragraph.trim().split(/\s+/u).filter(Boolean).map((word) => [...word]);
    if (words.length || lines.at(-1)) lines.push(...fill(words, longest));
  }
  return lines;
}

function fill(words, longest) {
  const lines = [[]];
  for (const word of words) {
    for (let start = 0; start < word.length; start += longest) {
      const piece = word.slice(start, start + longest), line = lines.at(-1);
      if (!line.length) line.push(...piece);
      else if (line.length + 1 + piece.length <= longest) line.push(" ", ...piece);
      else lines.push(piece);
    }
  }
  return lines.map((line) => line.join(""));
}

// Pages of lines of points, [] of an empty one, turned by the slope of their style (null: as they are). Their x-height is
// that of the lines whose texts have letters or digits; of few or none `own`, where that is known (else null), or `usual`. A page is its size, rules, and lines, each its number
// and the matrix that brings its points to the page.
export function layOut(lines, texts, own, usual, sheet, slope) {
  const turn = slope === null || lines.length < 2 ? 0 : turnOf(lines, slope);
  const slant = -Math.tan(sheet.slant * Math.PI / 180);
  const matrices = lines.map((points) => (points.length ? after([1, slant, 0, 0, 1, 0], turned(turn, points)) : IDENTITY));
  const inks = lines.map((points, k) => mapped(points, matrices[k]));
  const counts = texts.map((text) => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0);
  const isFew = counts.reduce((sum, count) => sum + count, 0) < FEW_LETTERS;
  const lettered = inks.filter((ink, k) => ink.length && counts[k]);
  const unit = isFew && own ? own : lettered.length ? median(lettered.map(xHeight)) : own ?? usual;
  const [scale, height] = scaleOf(inks, sheet, unit);
  const spacing = Math.min(sheet.spacing ?? height / X_PER_SPACING, sheet.space[1]);
  const widths = inks.map((ink) => { const [low, high] = extent(ink, 0); return ink.length ? (high - low) * scale : 0; });
  const space = sheet.width ? sheet.space[0] : Math.max(...widths, 0);
  const rows = inks.map((ink, k) => row(ink, scale, SHARE_LEFT[sheet.align] * (space - widths[k]), SKYLINE_BIN * spacing, k));
  const pages = sheet.ruled ? ruled(rows, sheet, spacing, space) : stack(rows, spacing, sheet.space[1]).map((page) => bare(page, sheet));
  for (const page of pages) for (const line of page.lines) line.matrix = after(line.matrix, matrices[line.number]);
  return pages;
}

function scaleOf(inks, sheet, own) {
  const [widest, highest] = [0, 1].map((axis) => Math.max(1e-9, ...inks.filter((ink) => ink.length).map((ink) => { const [low, high] = extent(ink, axis); return high - low; })));
  const unit = Math.max(own, widest / LONGEST_LINE), { space } = sheet;
  const height = sheet.xHeight ?? Math.min(Math.max(space[0] * unit / widest, SMALLEST), LARGEST);
  const scale = Math.min(height / unit, space[0] / widest, space[1] / highest);
  return [scale, scale * unit];
}

function row(ink, scale, left, bin, number) {
  if (!ink.length) return { number, top: [], bottom: [], empty: true };
  const matrix = [scale, 0, left - extent(ink, 0)[0] * scale, 0, scale, -baseline(ink) * scale];
  const points = mapped(ink, matrix), top = [], bottom = [];
  const note = (x, y) => {
    for (const column of [0, 1, 2].map((shift) => Math.trunc(x / bin) + shift)) {
      top[column] = Math.min(top[column] ?? Infinity, y);
      bottom[column] = Math.max(bottom[column] ?? -Infinity, y);
    }
  };
  for (let i = 0; i < points.length; i += 3) {
    note(points[i], points[i + 1]);
    if (points[i + 2] > 0.5 || i + 3 >= points.length) continue;
    const [dx, dy] = [points[i + 3] - points[i], points[i + 4] - points[i + 1]], steps = Math.ceil(Math.abs(dx) / (bin / 2));
    for (let k = 1; k < steps; k++) note(points[i] + dx * k / steps, points[i + 1] + dy * k / steps);
  }
  return { number, matrix, points, top, bottom, low: extent(points, 1)[0], high: extent(points, 1)[1], right: extent(points, 0)[1] };
}

function stack(rows, spacing, highest) {
  const pages = [[]];
  let skyline = [], base = 0, top = Infinity, bottom = -Infinity;
  for (const each of rows) {
    if (each.empty) { base += spacing; continue; }
    const gaps = each.top.map((y, column) => (skyline[column] ?? -Infinity) - y);
    base = Math.max(base + spacing, gaps.reduce((a, b) => Math.max(a, b), -Infinity) + MIN_GAP * spacing);
    if (pages.at(-1).length && Math.max(bottom, base + each.high) - Math.min(top, base + each.low) > highest) {
      pages.push([]);
      [skyline, base, top, bottom] = [[], 0, Infinity, -Infinity];
    }
    pages.at(-1).push([each, base]);
    each.bottom.forEach((y, column) => { skyline[column] = Math.max(skyline[column] ?? -Infinity, base + y); });
    [top, bottom] = [Math.min(top, base + each.low), Math.max(bottom, base + each.high)];
  }
  return pages;
}

const placed = ({ number, matrix }, x, y) => ({ number, matrix: after([1, 0, x, 0, 1, y], matrix) });

function bare(rows, sheet) {
  const { edge } = sheet, top = Math.min(...rows.map(([each, base]) => base + each.low), rows.length ? Infinity : 0);
  const right = Math.max(0, ...rows.map(([each]) => each.right)) + 2 * edge;
  const bottom = Math.max(0, ...rows.map(([each, base]) => base + each.high - top)) + 2 * edge;
  const lines = rows.map(([each, base]) => placed(each, edge, edge - top + base));
  return { width: sheet.width || right, height: sheet.height || bottom, rules: [], lines };
}

function ruled(rows, sheet, spacing, space) {
  const { edge } = sheet, fitting = sheet.height ? Math.floor(sheet.space[1] / spacing + 1e-9) : rows.length;
  const pages = [];
  for (let first = 0; first < rows.length; first += fitting) {
    const heights = Array.from({ length: fitting }, (_, k) => edge + spacing * (k + 1));
    const lines = rows.slice(first, first + fitting).flatMap((each, k) => (each.empty ? [] : [placed(each, edge, heights[k])]));
    const rules = heights.map((y) => [edge, y, edge + space, y]);
    pages.push({ width: sheet.width || space + 2 * edge, height: sheet.height || spacing * fitting + 2 * edge, rules, lines });
  }
  return pages;
}
