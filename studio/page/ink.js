// Ink on a canvas. Points are flat lists x, y, end, x, y, end, ... with end 1 at the last point of a stroke.
// The rules of widths and times are those of render/ink/pen.py.

const THINNING = 0.3, THINNEST = 0.6, WIDEST = 1.4;
const SMOOTHING = [1, 2, 3, 2, 1].map((weight) => weight / 9);
const WRITING = 55, TRAVEL = 160, DOT = 0.06; // mm per second, seconds

export const count = (points) => points.length / 3;

const isFirst = (points, i) => i === 0 || points[3 * i - 1] === 1;
const isLast = (points, i) => points[3 * i + 2] === 1;
const step = (points, i) => Math.hypot(points[3 * i] - points[3 * i - 3], points[3 * i + 1] - points[3 * i - 2]);

// The median distance of neighbouring points of a stroke: the pen's usual speed.
export function usualStep(lines) {
  const steps = [];
  for (const points of lines) {
    for (let i = 1; i < count(points); i++) {
      const size = isFirst(points, i) ? 0 : step(points, i);
      if (size > 0) steps.push(size);
    }
  }
  steps.sort((a, b) => a - b);
  return steps.length ? steps[steps.length >> 1] : 1;
}

function widthAt(points, i, usual) {
  let begin = i, end = i;
  while (i - begin < 3 && !isFirst(points, begin)) begin--;
  while (end - i < 3 && !isLast(points, end) && end + 1 < count(points)) end++;
  if (begin === end) return 1;
  const speed = (k) => step(points, Math.min(Math.max(k, begin + 1), end)) / usual;
  let sum = 0;
  SMOOTHING.forEach((weight, k) => { sum += weight * (speed(i + k - 2) + speed(i + k - 1)) / 2; });
  return Math.min(Math.max(Math.max(sum, 1e-6) ** -THINNING, THINNEST), WIDEST);
}

// Draw points from `from` to before `to` with their halves of the way to each neighbour, by quadratic curves.
// matrix: a, c, e, b, d, f from the points to the page in mm; scale: pixels per mm; pen: width in mm, color, lively.
export function draw(context, points, from, to, matrix, scale, pen, usual) {
  const [a, c, e, b, d, f] = matrix;
  const x = (i) => (a * points[3 * i] + c * points[3 * i + 1] + e) * scale;
  const y = (i) => (b * points[3 * i] + d * points[3 * i + 1] + f) * scale;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle = pen.color;
  context.lineWidth = pen.width * scale;
  context.beginPath();
  for (let i = from; i < to; i++) {
    const first = isFirst(points, i), last = isLast(points, i) || i + 1 >= count(points);
    if (pen.lively) {
      context.beginPath();
      context.lineWidth = pen.width * scale * (points.pressure ? points.pressure[i] : widthAt(points, i, usual));
    }
    if (first) context.moveTo(x(i), y(i));
    else context.moveTo((x(i - 1) + x(i)) / 2, (y(i - 1) + y(i)) / 2);
    if (first && last) context.lineTo(x(i) + 0.01, y(i));
    else if (last) context.lineTo(x(i), y(i));
    else if (first) context.lineTo((x(i) + x(i + 1)) / 2, (y(i) + y(i + 1)) / 2);
    else context.quadraticCurveTo(x(i), y(i), (x(i) + x(i + 1)) / 2, (y(i) + y(i + 1)) / 2);
    if (pen.lively) context.stroke();
  }
  if (!pen.lively) context.stroke();
}

// Seconds that the pen takes from point i - 1 to point i, both in mm.
export function seconds(points, i) {
  if (i === 0) return 0;
  if (!isFirst(points, i)) return step(points, i) / WRITING;
  return step(points, i) / TRAVEL + (isFirst(points, i - 1) ? DOT : 0);
}

// How many points can be drawn: the last needs the next, unless it ends its stroke.
export const drawable = (points, done) => {
  const size = count(points);
  return size && !done && !isLast(points, size - 1) ? size - 1 : size;
};

export function fit(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return ratio;
}

// Seconds to add to the time of new ink, so that it follows all that is there, whose clock may be another's: a file's, or
// that of a page which was open another day.
export const delay = (strokes, seconds) => Math.max(0, (strokes.at(-1)?.at(-1) ?? 0) - seconds);

// Ink of a pen, x, y, seconds, x, y, seconds, ..., as points to draw.
export const inked = (points) => {
  const flat = new Array(points.length);
  for (let i = 0; i < points.length; i += 3) [flat[i], flat[i + 1], flat[i + 2]] = [points[i], points[i + 1], i + 3 === points.length ? 1 : 0];
  flat.pressure = points.pressure;
  return flat;
};
