/** One example of the user's own: as the model takes it, its reconstruction, its score. */

import { latest, make, short } from "../elements.js";

const NAMES = { elbo: "ELBO", reconstruction: "−log p(x|z)", kl: "KL" };

export class Trial {
  /** `histogram` is null for an artifact without scores. */
  constructor({ artifact, view }, histogram) {
    Object.assign(this, { artifact, view, histogram });
    this.given = view.make("What the model is given");
    this.given.id = "given";
    this.rebuilt = view.make("Its reconstruction");
    this.rebuilt.id = "rebuilt";
    this.numbers = make("dl", { class: "numbers", id: "scores" });
    this.error = make("p", { class: "error", role: "alert" });
    this.ask = latest((inputs) => this.show(inputs));
    const figures = [
      make("figure", {}, this.given, make("figcaption", {}, "Given")),
      make("figure", {}, this.rebuilt, make("figcaption", {}, "Reconstructed")),
    ];
    this.element = make(
      "div",
      { class: "trial" },
      make(
        "div",
        { class: "side" },
        view.columns ? "" : make("div", { class: view.small ? "figures" : "figures tall" }, ...figures),
        this.numbers,
        this.error,
      ),
      histogram ? histogram.element : "",
    );
  }

  again() {
    return this.inputs && this.ask(this.inputs);
  }

  async show(inputs) {
    this.inputs = inputs;
    this.element.ariaBusy = "true"; // what it said of the one before is not of this one
    try {
      this.error.textContent = "";
      this.view.draw(this.given, inputs, 0);
      const [rebuilt, score] = await Promise.all([
        this.artifact.run("reconstruct", inputs),
        this.artifact.has("score") ? this.artifact.run("score", inputs) : {},
      ]);
      this.view.draw(this.rebuilt, rebuilt, 0);
      this.tell(score);
      this.onAnswer?.(inputs, rebuilt, score);
    } catch (error) {
      this.error.textContent = error.message;
    }
    this.element.ariaBusy = null;
  }

  tell(score) {
    const known = Object.entries(NAMES).filter(([name]) => name in score);
    const terms = known.map(([name, word]) =>
      make("div", {}, make("dt", {}, word), make("dd", {}, `${short(score[name].values[0])} nats`)),
    );
    this.numbers.replaceChildren(...terms);
    this.histogram?.draw(this.histogram.costOf(score, 0));
  }
}
