/** Graphs in a worker: `start`, `open` and `run` as promises. */

export class Graphs {
  constructor() {
    this.worker = new Worker(new URL("./graphs.worker.js", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data: { id, answer, error } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    };
    this.worker.onerror = (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error(event.message));
      this.waiting.clear();
    };
  }

  start(provider, address) {
    return this.ask("start", { provider, address });
  }

  open(name, graph, weights) {
    return this.ask("open", { name, graph, weights });
  }

  run(name, inputs) {
    return this.ask("run", { name, inputs });
  }

  stop() {
    this.worker.terminate();
  }

  ask(task, given) {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, task, given });
    });
  }
}
