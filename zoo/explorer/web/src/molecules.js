/** Drawings of molecules, by RDKit in a worker that starts at once: it takes as long as the graphs do. */

export class Molecules {
  constructor(address) {
    this.drawn = new Map();
    this.worker = new Worker(new URL("./molecules.worker.js", import.meta.url), { type: "module" });
    this.worker.postMessage({ address });
  }

  /** A molecule as SVG; null for a string that is none. */
  svg(smiles) {
    if (!this.drawn.has(smiles)) this.drawn.set(smiles, this.ask(smiles));
    return this.drawn.get(smiles);
  }

  ask(smiles) {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => resolve(data);
      this.worker.postMessage({ smiles }, [port2]);
    });
  }
}
