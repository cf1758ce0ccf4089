/** Where a walk starts: the prior's draws by their seeds, or, of a model that draws none, test examples. */

export class Samples {
  /** Without `generate`, `latents` are to be set before samples are asked for. */
  constructor(artifact) {
    this.artifact = artifact;
    this.latents = null;
    this.drawn = artifact.has("generate");
  }

  /** What the number that a person types is called. */
  get word() {
    return this.drawn ? "Seed" : "Test example";
  }

  /** Answers of some seeds, BigInts: {output: array}, with the latents among them. */
  async at(seeds) {
    if (this.drawn) {
      const seed = { dtype: "int64", shape: [seeds.length], values: BigInt64Array.from(seeds) };
      return this.artifact.run("generate", { seed });
    }
    const { size, examples } = this.latents;
    const count = BigInt(examples.shape[0]);
    const rows = seeds.map((seed) => {
      const row = Number(((seed % count) + count) % count);
      return examples.values.slice(row * size, (row + 1) * size);
    });
    const answer = await this.latents.decode(rows);
    const values = Float32Array.from(rows.flatMap((row) => [...row]));
    return { ...answer, [this.latents.name]: { dtype: "float32", shape: [rows.length, size], values } };
  }
}

const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A whole number of 64 bits in a text; null where there is none. */
export function seedOf(text) {
  if (!/^\s*-?\d+\s*$/.test(text)) return null;
  const seed = BigInt(text.trim());
  return seed >= LEAST && seed <= MOST ? seed : null;
}
