/** What lies between encoder and decoder: numbers or codes, how active each is, how two are mixed. */

import { rowOf, takeRows } from "./npz.js";

const SPREAD = 3; // standard deviations to either side of a slider

export class Latents {
  /** Of an artifact, from what its encoder gives of the test data. */
  static async of(artifact) {
    const input = artifact.endpoints.decode.inputs[0];
    const { given } = await artifact.testData("encode");
    const answer = await artifact.run("encode", given);
    return new Latents(artifact, input, placed(artifact, answer));
  }

  constructor(artifact, input, examples) {
    this.artifact = artifact;
    this.name = input.name;
    this.isCodes = input.dtype === "int32";
    this.codes = input.below;
    this.word = this.isCodes ? "code" : this.name; // of one
    this.size = input.shape[1];
    this.examples = examples;
    this.statistics = Array.from({ length: this.size }, (_, at) => this.statisticsOf(at));
    this.order = this.mostActive();
    this.curved = artifact.manifest.latent.prior === "standard normal" && !this.isCodes;
  }

  /** {mean, deviation} of one latent over the test examples. */
  statisticsOf(at) {
    const { values, shape } = this.examples;
    const column = Array.from({ length: shape[0] }, (_, row) => values[row * this.size + at]);
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length;
    return { mean, deviation: Math.sqrt(variance) };
  }

  /** Latents by the variance of the posterior's mean, the most active first; of groups the top's. */
  mostActive() {
    const groups = Object.values(this.artifact.manifest.latent.groups ?? {});
    const top = groups.length > 1 ? groups[0].reduce((a, b) => a * b, 1) : this.size;
    const places = Array.from({ length: top }, (_, at) => at);
    const activity = this.statistics.map(({ deviation }) => deviation);
    return places.sort((a, b) => activity[b] - activity[a]);
  }

  /** {low, high, step} of a slider. */
  rangeOf(at) {
    if (this.isCodes) return { low: 0, high: this.codes - 1, step: 1 };
    const { mean, deviation } = this.statistics[at];
    const reach = Math.max(SPREAD * deviation, 1);
    return { low: mean - reach, high: mean + reach, step: (2 * reach) / 200 };
  }

  /** Decodes rows, each [size]: {output: array}. */
  decode(rows) {
    const Values = this.isCodes ? Int32Array : Float32Array;
    const values = new Values(rows.length * this.size);
    rows.forEach((row, at) => values.set(row, at * this.size));
    const dtype = this.isCodes ? "int32" : "float32";
    const shape = [rows.length, this.size];
    return this.artifact.run("decode", { [this.name]: { dtype, shape, values } });
  }

  /** The latents in an answer or of the test examples, one row. */
  of(answer, row) {
    return rowOf(answer[this.name], row).slice();
  }

  /** What inputs of an endpoint are encoded to, the posterior's mean of the first row. */
  async encode(inputs) {
    return rowOf(placed(this.artifact, await this.artifact.run("encode", inputs)), 0).slice();
  }

  /** A row with some latents changed. */
  changed(row, changes) {
    const made = row.slice();
    for (const [at, value] of changes) made[at] = value;
    return made;
  }

  /** What lies between two rows at a share of the way, from 0 to 1. */
  between(a, b, share) {
    if (this.isCodes) return a.map((value, at) => (at < share * this.size ? b[at] : value));
    const [left, right] = this.curved ? arc(a, b, share) : [1 - share, share];
    return a.map((value, at) => left * value + right * b[at]);
  }
}

/** Weights on a great circle: draws of a normal in many dimensions have nearly one length. */
function arc(a, b, share) {
  let product = 0;
  let lengths = [0, 0];
  a.forEach((value, at) => {
    product += value * b[at];
    lengths = [lengths[0] + value ** 2, lengths[1] + b[at] ** 2];
  });
  const cosine = product / Math.sqrt(lengths[0] * lengths[1]);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!(Math.sin(angle) > 1e-3)) return [1 - share, share];
  return [Math.sin((1 - share) * angle), Math.sin(share * angle)].map((s) => s / Math.sin(angle));
}

/** Where the encoder puts examples: its `z`, its `codes`, or the means of all groups in order. */
function placed(artifact, answer) {
  if (answer.z ?? answer.codes ?? answer.mean) return answer.z ?? answer.codes ?? answer.mean;
  const groups = Object.keys(artifact.manifest.latent.groups).map((name) => answer[`mean_${name}`]);
  if (groups.includes(undefined)) {
    throw new Error(`encode gives ${Object.keys(answer).join(", ")}: no place that is known here`);
  }
  const rows = groups[0].shape[0];
  const size = groups.reduce((sum, { shape }) => sum + shape[1], 0);
  const values = new Float32Array(rows * size);
  for (let row = 0; row < rows; row += 1) {
    let at = row * size;
    for (const group of groups) {
      values.set(rowOf(group, row), at);
      at += group.shape[1];
    }
  }
  return { dtype: "float32", shape: [rows, size], values };
}

/** One test example as the inputs of an endpoint. */
export function exampleOf(given, row) {
  return Object.fromEntries(Object.entries(given).map(([name, array]) => [name, takeRows(array, [row])]));
}
