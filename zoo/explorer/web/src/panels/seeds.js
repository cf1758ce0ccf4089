/** A seed and what the prior draws of it: one seed gives one sample, here and in Python. */

import { beside, button, card, labelled, latest, make, wholeNumber } from "../elements.js";
import { seedOf } from "../samples.js";

export class SeedPanel {
  /** `onPick` is given the answer whose first row is the sample that is looked at. */
  constructor({ samples, view }, onPick) {
    Object.assign(this, { samples, view, onPick });
    const { word } = samples;
    this.shown = view.make("The sample");
    this.shown.id = "sample";
    this.input = wholeNumber("7", {
      id: "seed",
      "aria-describedby": "seed-error",
      input: () => this.changed(),
      keydown: (event) => this.pressed(event),
    });
    this.error = make("p", { id: "seed-error", class: "error", role: "alert" });
    this.nearby = make("div", { class: view.small ? "thumbnails" : "rows" });
    this.ask = latest(() => this.show());
    this.element = card(
      "seeds",
      samples.drawn ? "Samples" : "Test examples",
      samples.drawn
        ? "One seed gives one sample: the same here as in Python, on any machine."
        : "This model draws no samples of its own; a walk starts at a test example.",
      beside(this.shown, [
        labelled(word, this.input),
        make(
          "div",
          { class: "buttons" },
          button("−", () => this.step(-1n), { "aria-label": `${word} before` }),
          button("+", () => this.step(1n), { "aria-label": `${word} after` }),
          button("Any", () => this.pick(BigInt(Math.floor(Math.random() * 1e6)))),
        ),
        this.error,
      ]),
    );
    const count = view.small ? 12 : view.columns ? 0 : 3;
    const caption = samples.drawn ? "The next seeds" : "The next examples";
    if (count) this.element.append(make("p", { class: "caption" }, caption), this.nearby);
    this.others = Array.from({ length: count }, () => this.thumbnail());
    this.nearby.append(...this.others.map(({ frame }) => frame));
  }

  thumbnail() {
    const picture = this.view.make("");
    picture.setAttribute("aria-hidden", "true");
    const made = { picture, seed: 0n };
    made.frame = button("", () => this.pick(made.seed), { class: "thumbnail" });
    made.frame.append(picture);
    return made;
  }

  pressed(event) {
    const step = { ArrowUp: 1n, ArrowDown: -1n }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.step(step);
  }

  step(by) {
    this.pick((seedOf(this.input.value) ?? 0n) + by);
  }

  pick(seed) {
    this.input.value = String(seed);
    return this.changed();
  }

  changed() {
    const seed = seedOf(this.input.value);
    this.error.textContent = seed === null ? "A whole number of 64 bits is wanted." : "";
    this.input.setAttribute("aria-invalid", String(seed === null));
    return seed === null ? null : this.ask();
  }

  async show() {
    const seed = seedOf(this.input.value);
    const first = await this.samples.at([seed]);
    this.view.draw(this.shown, first, 0);
    this.shown.dataset.seed = String(seed);
    this.shown.setAttribute("aria-label", `The sample of ${this.samples.word.toLowerCase()} ${seed}`);
    performance.mark("picture");
    this.answer = first;
    this.onPick(first);
    if (!this.others.length) return;
    const seeds = this.others.map((_, at) => BigInt.asIntN(64, seed + BigInt(at) + 1n));
    const answers = await this.samples.at(seeds);
    this.others.forEach((other, row) => {
      other.seed = seeds[row];
      other.frame.setAttribute("aria-label", `${this.samples.word} ${seeds[row]}`);
      other.frame.title = `${this.samples.word} ${seeds[row]}`;
      this.view.draw(other.picture, answers, row);
    });
  }
}
