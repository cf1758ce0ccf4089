/** Drawings of molecules, by RDKit in a worker that starts when the first is asked for. */

export class Molecules {
  constructor(address) {
    this.address = address;
    this.drawn = new Map();
  }

  /** A molecule as SVG; null for a string that is none. */
  svg(smiles) {
    if (!this.drawn.has(smiles)) this.drawn.set(smiles, this.ask(smiles));
    return this.drawn.get(smiles);
  }

  ask(smiles) {
    this.worker ??= this.start();
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => resolve(data);
      this.worker.postMessage({ smiles }, [port2]);
    });
  }

  start() {
    const worker = new Worker(new URL("./molecules.worker.js", import.meta.url), { type: "module" });
    worker.postMessage({ address: this.address });
    return worker;
  }
}
