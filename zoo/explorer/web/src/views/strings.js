/** Strings, and of SMILES a drawing of the molecule. */

import { make } from "../elements.js";
import { rowOf } from "../npz.js";
import { Molecules } from "../molecules.js";

const TOKENIZERS = {
  smiles: /\[[^[\]]*\]|Br|Cl|%\d\d|./gsu,
  selfies: /\[[^[\]]*\]|./gsu,
  characters: /./gsu,
};

export class StringView {
  small = false;

  constructor(schema, rdkit) {
    this.schema = schema;
    this.tokens = schema.tokens;
    this.end = schema.tokens.length - 1;
    this.molecules = schema.tokenizer === "smiles" ? new Molecules(rdkit) : null;
  }

  make(label) {
    const drawing = this.molecules ? [make("div", { class: "drawing", role: "img" })] : [];
    return make("figure", { class: "string", "aria-label": label }, ...drawing, make("code"));
  }

  draw(element, arrays, row) {
    this.write(element, this.text(rowOf(arrays.tokens ?? arrays.tokens_mode, row)));
  }

  write(element, text) {
    element.querySelector("code").textContent = text || "(empty)";
    element.dataset.drawn = "true";
    if (this.molecules) this.sketch(element, text);
  }

  async sketch(element, text) {
    const drawing = element.querySelector(".drawing");
    element.dataset.text = text;
    const picture = await this.molecules.svg(text);
    if (element.dataset.text !== text) return; // another was drawn meanwhile
    drawing.classList.toggle("invalid", picture === null);
    drawing.setAttribute("aria-label", picture === null ? "no molecule" : `molecule ${text}`);
    if (picture === null) drawing.textContent = "no molecule";
    else drawing.innerHTML = picture;
  }

  /** The string of a row of numbers, which ends before the first end. */
  text(row) {
    const tokens = [];
    for (const number of row) {
      if (number < 0 || number >= this.end) break;
      tokens.push(this.schema.tokens[number]);
    }
    return tokens.join("");
  }

  /** A string as the `tokens` of an endpoint; throws a sentence for one that the model cannot take. */
  inputs(text) {
    const [steps] = this.schema.shape;
    const cut = text.match(TOKENIZERS[this.schema.tokenizer]) ?? [];
    const unknown = cut.find((token) => token === "" || !this.schema.tokens.includes(token));
    if (unknown !== undefined) throw new Error(`The model does not know the token ${unknown}`);
    if (cut.length >= steps) {
      throw new Error(`${cut.length} tokens were given, the model takes ${steps - 1} at most`);
    }
    const values = new Int32Array(steps).fill(this.end);
    cut.forEach((token, at) => {
      values[at] = this.schema.tokens.indexOf(token);
    });
    return { tokens: { dtype: "int32", shape: [1, steps], values } };
  }
}
