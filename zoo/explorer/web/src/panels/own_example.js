/** Test examples alone, of data that is neither drawn nor typed. */

import { button, card, make } from "../elements.js";
import { exampleOf } from "../latents.js";

export class OwnExamplePanel {
  constructor(context, trial, given) {
    Object.assign(this, { trial, given, example: -1 });
    this.element = card(
      "own",
      "Reconstruction",
      "A test example, encoded, decoded and scored here.",
      make("div", { class: "buttons" }, button("Next test example", () => this.next())),
      trial.element,
    );
  }

  async next() {
    this.example = (this.example + 1) % Object.values(this.given)[0].shape[0];
    return this.trial.ask(exampleOf(this.given, this.example));
  }
}
