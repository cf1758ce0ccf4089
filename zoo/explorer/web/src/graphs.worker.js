/** Runs ONNX graphs by onnxruntime-web, away from the page so that it stays smooth. */

import { gunzipped } from "./gunzip.js";

const sessions = new Map();
let runtime = null;
let provider = "wasm";

/** Answers one message at a time, in their order. */
let queue = Promise.resolve();
self.onmessage = ({ data: { id, task, given } }) => {
  queue = queue.then(async () => {
    try {
      const answer = await TASKS[task](given);
      self.postMessage({ id, answer });
    } catch (error) {
      self.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
};

const TASKS = {
  /** Loads the runtime for a provider, "wasm" or "webgpu", from the bytes at an address. */
  async start({ provider: wanted, address }) {
    provider = wanted;
    const wasm = gunzipped(address);
    runtime =
      wanted === "webgpu"
        ? await import("onnxruntime-web/webgpu")
        : await import("onnxruntime-web/wasm");
    runtime.env.wasm.numThreads = 1; // threads need headers that a static host does not send
    runtime.env.wasm.wasmBinary = await wasm;
    runtime.env.logLevel = "error";
  },

  /** Makes a session of a graph's bytes and, beside it, {file: bytes} of its weights. */
  async open({ name, graph, weights }) {
    const externalData = Object.entries(weights).map(([path, data]) => ({ path, data }));
    const options = { executionProviders: [provider], externalData, logSeverityLevel: 3 };
    sessions.set(name, await runtime.InferenceSession.create(graph, options));
  },

  /** {output: {dtype, shape, values}} of a graph that was opened. */
  async run({ name, inputs }) {
    const tensors = {};
    for (const [input, { dtype, shape, values }] of Object.entries(inputs)) {
      tensors[input] = new runtime.Tensor(dtype, values, shape);
    }
    const answer = await sessions.get(name).run(tensors);
    const found = {};
    for (const [output, tensor] of Object.entries(answer)) {
      found[output] = { dtype: tensor.type, shape: [...tensor.dims], values: tensor.data.slice() };
    }
    return found;
  },
};
