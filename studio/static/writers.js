// Workers that write lines, as many as the processor has threads to spare. Jobs wait for the next that is free.

const MOST = 4;

export class Writers {
  constructor(module, network) {
    [this.module, this.network, this.free, this.waiting, this.speeds, this.started, this.jobs] = [module, network, [], [], [], 0, 0];
    this.limit = Math.max(1, Math.min(MOST, (navigator.hardwareConcurrency ?? 2)));
    this.free.push(this.start());
  }

  start() {
    const worker = new Worker("writer.worker.js");
    this.started++;
    worker.postMessage({ module: this.module, network: this.network });
    return worker;
  }

  // Strokes of every line, and whether each ended by itself; onPartial is called with the strokes so far.
  async write(request, signal, onPartial = () => {}) {
    const worker = await this.next(signal), id = ++this.jobs;
    let abort;
    try {
      return await new Promise((resolve, reject) => {
        abort = () => reject(new DOMException("stopped", "AbortError"));
        if (signal?.aborted) return abort();
        signal?.addEventListener("abort", abort);
        worker.onerror = () => reject(new Error("The pen broke. Reload the page."));
        worker.onmessage = ({ data }) => {
          if (data.error) reject(new Error(data.error));
          else if (data.partial) onPartial(data.partial);
          else { this.speeds.push([data.points, data.seconds]); resolve(data); }
        };
        worker.postMessage({ id, ...request });
      });
    } catch (error) { // it may be in the middle of a line
      worker.terminate();
      this.started--;
      worker.broken = true;
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      const other = worker.broken ? this.start() : worker;
      if (this.waiting.length) this.waiting.shift()(other);
      else this.free.push(other);
    }
  }

  next(signal) {
    if (signal?.aborted) return Promise.reject(new DOMException("stopped", "AbortError"));
    if (this.free.length) return Promise.resolve(this.free.pop());
    if (this.started < this.limit) return Promise.resolve(this.start());
    return new Promise((resolve) => { this.waiting.push(resolve); });
  }
}
