/** A string of the user's own. */

import { button, card, labelled, make } from "../elements.js";
import { exampleOf } from "../latents.js";
import { rowOf } from "../npz.js";

export class OwnStringPanel {
  constructor({ view }, trial, given) {
    Object.assign(this, { view, trial, given, example: -1 });
    this.input = make("input", {
      id: "text",
      type: "text",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      input: () => this.take(),
    });
    const what = view.molecules ? "A molecule, as SMILES" : "A string";
    this.element = card(
      "own",
      view.molecules ? "A molecule of your own" : "A string of your own",
      "It is encoded, decoded and scored here; nothing leaves this machine.",
      labelled(what, this.input),
      make("div", { class: "buttons" }, button("Next test example", () => this.next())),
      trial.element,
    );
  }

  take() {
    try {
      const inputs = this.view.inputs(this.input.value.trim());
      this.trial.ask(inputs);
    } catch (error) {
      this.trial.error.textContent = `${error.message}.`;
    }
  }

  async next() {
    this.example = (this.example + 1) % this.given.tokens.shape[0];
    const inputs = exampleOf(this.given, this.example);
    this.input.value = this.view.text(rowOf(inputs.tokens, 0));
    return this.trial.ask(inputs);
  }
}
