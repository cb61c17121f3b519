// Measures of a line's points, flat lists x, y, end, ...: ink/geometry.py in JavaScript.

const LONGEST_LINE = 500, USUAL = 0.4, MAX_PAIRED = 200;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function weightedMedian(values, weights) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  let sum = 0;
  return values[order.find((i) => (sum += weights[i]) >= half) ?? order.at(-1)];
}

export function extent(points, axis) {
  let low = Infinity, high = -Infinity;
  for (let i = axis; i < points.length; i += 3) [low, high] = [Math.min(low, points[i]), Math.max(high, points[i])];
  return [low, high];
}

const size = (points, axis) => { const [low, high] = extent(points, axis); return high - low; };

// Begin and end of each run down the paper: [x0, y0, x1, y1].
function downStrokes(points) {
  const runs = [];
  let begin = null, end = null;
  const close = () => { if (begin !== null) runs.push([points[3 * begin], points[3 * begin + 1], points[3 * end], points[3 * end + 1]]); begin = null; };
  for (let i = 0; 3 * (i + 1) < points.length; i++) {
    const dy = points[3 * i + 4] - points[3 * i + 1];
    if (points[3 * i + 2] > 0.5 || dy < 0) close();
    else if (dy > 0) { begin ??= i; end = i + 1; }
  }
  close();
  if (!runs.length) return runs;
  const lengths = runs.map(([, y0, , y1]) => y1 - y0), shortest = USUAL * weightedMedian(lengths, lengths);
  return runs.filter((_, k) => lengths[k] >= shortest);
}

export function xHeight(points) {
  const width = size(points, 0), runs = downStrokes(points);
  let height = size(points, 1);
  if (runs.length) {
    const lengths = runs.map(([, y0, , y1]) => y1 - y0);
    const estimate = median(runs.map((run) => run[3])) - median(runs.map((run) => run[1]));
    height = Math.max(estimate, USUAL * weightedMedian(lengths, lengths));
  }
  return Math.max(height, width / LONGEST_LINE) || 1;
}

export function baseline(points) {
  const runs = downStrokes(points);
  return runs.length ? median(runs.map((run) => run[3])) : extent(points, 1)[1];
}

export function baselineSlope(points) {
  const runs = downStrokes(points), unit = xHeight(points);
  if (!runs.length || size(points, 0) < 4 * unit) return 0;
  const count = Math.min(runs.length, MAX_PAIRED);
  const rows = new Set(Array.from({ length: count }, (_, k) => (count > 1 ? Math.floor(k * (runs.length - 1) / (count - 1)) : 0)));
  const bottoms = [...rows].map((row) => runs[row].slice(2)), slopes = [];
  bottoms.forEach(([x0, y0], earlier) => {
    for (const [x1, y1] of bottoms.slice(earlier + 1)) if (Math.abs(x1 - x0) >= unit) slopes.push((y1 - y0) / (x1 - x0));
  });
  const slope = slopes.length ? median(slopes) : 0;
  return Math.abs(slope) <= 0.5 ? slope : 0;
}

// The angle by which all lines are turned so that the median slope of their baselines is `slope`.
export function turnOf(lines, slope) {
  const slopes = lines.map((line) => (line.length ? baselineSlope(line) : 0));
  const widths = lines.map((line, k) => (line.length && slopes[k] ? size(line, 0) : 0));
  return widths.some(Boolean) ? Math.atan(slope) - Math.atan(weightedMedian(slopes, widths)) : 0;
}

// Matrices a, c, e, b, d, f: x = a x' + c y' + e, y = b x' + d y' + f.
export const IDENTITY = [1, 0, 0, 0, 1, 0];

export const after = ([a, c, e, b, d, f], [A, C, E, B, D, F]) =>
  [a * A + c * B, a * C + c * D, a * E + c * F + e, b * A + d * B, b * C + d * D, b * E + d * F + f];

export function turned(angle, [x, y]) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y];
}

export function mapped(points, [a, c, e, b, d, f]) {
  const moved = [];
  for (let i = 0; i < points.length; i += 3) {
    moved.push(a * points[i] + c * points[i + 1] + e, b * points[i] + d * points[i + 1] + f, points[i + 2]);
  }
  return moved;
}
