/** Replays an artifact's test data, as `zoo verify` does, with the contract's tolerances. */

import { Graphs } from "./graphs.js";
import { rowSize, takeRows } from "./npz.js";

const LEAST_NATS = 1;

/** Yields {endpoint, output, batch, error, tolerance, ok}, or {endpoint, problem}, as each is known.
 *
 * `tolerances` are the contract's by kind; `provider` is "wasm" or "webgpu". Graphs are opened anew.
 */
export async function* replay(artifact, tolerances, provider, address) {
  const graphs = new Graphs();
  try {
    await graphs.start(provider, address);
    const weights = await artifact.weights();
    for (const [name, endpoint] of Object.entries(artifact.endpoints)) {
      try {
        await graphs.open(name, await artifact.file(`onnx/${name}.onnx`), weights);
        yield* replayOne(artifact, graphs, name, endpoint, tolerances);
      } catch (error) {
        yield { endpoint: name, problem: error.message, ok: false };
      }
    }
  } finally {
    graphs.stop();
  }
}

/** Names of the files that are not those of the manifest; null where a page may not hash. */
export async function changedFiles(artifact) {
  if (!globalThis.crypto?.subtle) return null; // http:// on another machine
  const read = Object.keys(artifact.endpoints).flatMap((name) => [
    `onnx/${name}.onnx`,
    `test_data/${name}.npz`,
  ]);
  const changed = [];
  for (const name of [...read, "test_data/inputs.npz", "onnx/weights.bin"]) {
    if (!artifact.lists(name)) continue;
    const digest = await crypto.subtle.digest("SHA-256", await artifact.file(name));
    const written = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
    if (written.join("") !== artifact.manifest.files[name].sha256) changed.push(name);
  }
  return changed;
}

async function* replayOne(artifact, graphs, name, endpoint, tolerances) {
  const { given, wanted } = await artifact.testData(name);
  const count = Object.values(given)[0].shape[0];
  const scales = {};
  for (const tensor of endpoint.outputs) scales[tensor.name] = scaleOf(endpoint, tensor, wanted);
  for (const batch of artifact.manifest.proof.batches[name]) {
    const rows = Array.from({ length: batch }, (_, row) => row % count);
    const inputs = mapped(given, (array) => takeRows(array, rows));
    const answer = await graphs.run(name, inputs);
    for (const tensor of endpoint.outputs) {
      const expected = takeRows(wanted[tensor.name], rows);
      const measured = difference(tensor, answer[tensor.name], expected, scales[tensor.name], rows);
      const tolerance = tolerances[tensor.kind];
      const ok = measured <= tolerance; // false for NaN
      yield { endpoint: name, output: tensor.name, batch, error: measured, tolerance, ok };
    }
  }
}

/** What an output's errors are relative to: a function (row, place in the row) -> number. */
function scaleOf(endpoint, tensor, wanted) {
  if (tensor.kind === "feature") return scaleOfFeatures(wanted[tensor.name]);
  const together = tensor.kind === "bound" ? endpoint.outputs : [tensor];
  const rows = wanted[tensor.name].shape[0];
  const own = Array.from({ length: rows }, (_, row) =>
    Math.max(...together.map(({ name }) => largest(wanted[name], row))),
  );
  const usual = median(own);
  const least = tensor.kind === "nats" || tensor.kind === "bound" ? LEAST_NATS : 0;
  const scales = own.map((value) => Math.max(value, usual, least));
  return (row) => scales[row];
}

function scaleOfFeatures(array) {
  const features = array.shape.at(-1);
  const size = rowSize(array);
  const rows = Array.from({ length: array.shape[0] }, (_, row) => {
    const most = new Float64Array(features);
    for (let at = 0; at < size; at += 1) {
      const value = Math.abs(array.values[row * size + at]);
      most[at % features] = Math.max(most[at % features], value);
    }
    return most;
  });
  const usual = Array.from({ length: features }, (_, at) => median(rows.map((row) => row[at])));
  return (row, at) => Math.max(rows[row][at % features], usual[at % features]);
}

function difference(tensor, actual, expected, scale, rows) {
  const same = actual?.dtype === expected.dtype && `${actual.shape}` === `${expected.shape}`;
  if (!same) {
    throw new Error(
      `${tensor.name} is ${actual?.dtype} [${actual?.shape}], wanted ${expected.dtype} [${expected.shape}]`,
    );
  }
  const size = rowSize(expected);
  let most = 0;
  for (let at = 0; at < expected.values.length; at += 1) {
    const off = Math.abs(Number(actual.values[at]) - Number(expected.values[at]));
    if (Number.isNaN(off)) return NaN;
    if (off === 0) continue;
    const absolute = tensor.kind === "probability";
    const row = rows[Math.floor(at / size)];
    most = Math.max(most, absolute ? off : off / scale(row, at % size));
  }
  return most;
}

function largest(array, row) {
  const size = rowSize(array);
  let most = 0;
  for (let at = row * size; at < (row + 1) * size; at += 1) {
    most = Math.max(most, Math.abs(Number(array.values[at])));
  }
  return most;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
