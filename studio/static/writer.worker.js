// A worker that writes lines: model/kernels/browser.c as WebAssembly, with the weights of network.bin.

let kernel;

function put(bytes) {
  const place = kernel.reserve(bytes.byteLength);
  if (!place) throw new RangeError("There is no memory for this text. Write it in parts.");
  new Uint8Array(kernel.memory.buffer, place, bytes.byteLength).set(bytes);
  return place;
}

async function open({ module, network }) {
  const { exports } = await WebAssembly.instantiate(module);
  kernel = exports;
  kernel._initialize();
  kernel.open_network(put(new Uint8Array(network)));
}

// A `request` of browser.c.
function request({ lines, bias, prime }) {
  const longest = Math.max(...lines.map(({ text }) => text.length));
  const points = prime ? prime.strokes.length / 3 : 0, count = lines.length;
  const caps = lines.map(({ points: own }) => own + points);
  const bytes = new ArrayBuffer(4 * (6 + 3 * count + count * longest + 3 * points));
  const whole = new Int32Array(bytes), real = new Float32Array(bytes);
  whole.set([count, longest, Math.max(...caps), points, prime ? prime.chars : 0]);
  real[5] = bias;
  whole.set([...lines.map(({ seed }) => seed % 2 ** 32 | 0), ...caps, ...lines.map(({ text }) => text.length)], 6);
  lines.forEach(({ text }, line) => whole.set(text, 6 + 3 * count + line * longest));
  if (prime) real.set(prime.strokes, 6 + 3 * count + count * longest);
  return new Uint8Array(bytes);
}

// A line's own strokes, as `Record.samples` of model/writing/sampling.py has them.
function strokesOf(job, line) {
  const length = kernel.length_of(job, line), own = kernel.own_of(job, line);
  if (own >= length) return new Float32Array(3);
  const strokes = new Float32Array(kernel.memory.buffer, kernel.strokes_of(job, line), 3 * length).slice(3 * own);
  strokes[0] = strokes[1] = 0;
  return strokes;
}

function write(id, asked) {
  const place = put(request(asked));
  const job = kernel.begin_lines(place);
  if (!job) throw new RangeError("There is no memory for this text. Write it in parts.");
  const before = performance.now();
  while (kernel.write_more(job, asked.at_once)) {
    postMessage({ id, partial: asked.lines.map((_, line) => strokesOf(job, line)) });
  }
  const strokes = asked.lines.map((_, line) => strokesOf(job, line));
  for (const line of strokes) line[line.length - 1] = 1;
  const stopped = asked.lines.map((_, line) => Boolean(kernel.stopped_of(job, line)));
  const points = asked.lines.reduce((sum, _, line) => sum + kernel.length_of(job, line), 0);
  kernel.end_lines(job);
  kernel.release(place);
  postMessage({ id, strokes, stopped, points, seconds: (performance.now() - before) / 1000 });
}

addEventListener("message", async ({ data }) => {
  try {
    if (data.network) await open(data);
    else write(data.id, data);
  } catch (error) {
    postMessage({ id: data.id, error: error.message });
  }
});
