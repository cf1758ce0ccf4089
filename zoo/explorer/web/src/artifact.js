/** An artifact of the zoo: its manifest, its graphs, its test data. */

import { Graphs } from "./graphs.js";
import { readNpz, takeRows } from "./npz.js";

const WEIGHTS = "onnx/weights.bin";

export class Artifact {
  /** Reads the manifest at `address` and starts the runtime; graphs are opened when first asked. */
  static async load(address, runtimes) {
    const graphs = new Graphs();
    const started = graphs.start("wasm", runtimes.wasm);
    started.catch(() => {}); // told where it is awaited
    const response = await fetch(new URL("manifest.json", address));
    if (!response.ok) throw new Error(`no manifest.json at ${address} (${response.status})`);
    return new Artifact(address, await response.json(), graphs, started);
  }

  constructor(address, manifest, graphs, started) {
    this.address = address;
    this.manifest = manifest;
    this.schema = manifest.schema;
    this.endpoints = manifest.endpoints;
    this.graphs = graphs;
    this.started = started;
    this.files = new Map();
    this.opened = new Map();
    this.label = 0;
  }

  has(endpoint) {
    return endpoint in this.endpoints;
  }

  /** Whether its answers depend on a label besides. */
  get conditional() {
    return "label" in (this.manifest.conditions ?? {});
  }

  /** The bytes of one of its files, fetched once. */
  file(name) {
    if (!this.files.has(name)) this.files.set(name, fetched(new URL(name, this.address)));
    return this.files.get(name);
  }

  lists(name) {
    return name in this.manifest.files;
  }

  /** {file: bytes} that graphs keep outside of themselves. */
  async weights() {
    return this.lists(WEIGHTS) ? { "weights.bin": await this.file(WEIGHTS) } : {};
  }

  /** {output: {dtype, shape, values}} of an endpoint; conditions that are not given are added. */
  async run(endpoint, inputs) {
    await this.ready(endpoint);
    return this.graphs.run(endpoint, await this.completed(endpoint, inputs));
  }

  /** Opens an endpoint's graph, once. */
  ready(endpoint) {
    if (!this.opened.has(endpoint)) this.opened.set(endpoint, this.open(endpoint));
    return this.opened.get(endpoint);
  }

  async open(endpoint) {
    const [graph, weights] = await Promise.all([
      this.file(`onnx/${endpoint}.onnx`),
      this.weights(),
      this.started,
    ]);
    await this.graphs.open(endpoint, graph, weights);
  }

  /** Inputs with the page's label, and with any other condition as the first test example has it. */
  async completed(endpoint, inputs) {
    const all = { ...inputs };
    const rows = Object.values(inputs)[0].shape[0];
    for (const { name } of this.endpoints[endpoint].inputs) {
      if (name in inputs) continue;
      if (name === "label") {
        const values = new Int32Array(rows).fill(this.label);
        all.label = { dtype: "int32", shape: [rows], values };
      } else all[name] = takeRows((await this.testInputs())[name], new Array(rows).fill(0));
    }
    return all;
  }

  /** The inputs of the test data, all rows: {input: array}. */
  testInputs() {
    this.inputs ??= this.file("test_data/inputs.npz").then(readNpz);
    return this.inputs;
  }

  /** ({input: array}, {output: array}) that the test data holds of an endpoint, row by row. */
  async testData(endpoint) {
    const [inputs, answers] = await Promise.all([
      this.testInputs(),
      this.file(`test_data/${endpoint}.npz`).then(readNpz),
    ]);
    const { rows, ...wanted } = answers;
    const chosen = [...rows.values].map(Number);
    const given = {};
    for (const { name } of this.endpoints[endpoint].inputs) {
      given[name] = takeRows(inputs[name], chosen);
    }
    return { given, wanted };
  }
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address.pathname} is not there (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}
