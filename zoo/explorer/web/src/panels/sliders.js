/** The most active latents, a slider each. */

import { beside, button, card, latest, make, short, unique } from "../elements.js";

const SHOWN = 8;

export class SliderPanel {
  constructor({ latents, view }) {
    Object.assign(this, { latents, view });
    this.picture = view.make("What the sliders decode to");
    this.picture.id = "decoded";
    this.sliders = latents.order.slice(0, SHOWN).map((at) => this.slider(at));
    this.ask = latest(() => this.show());
    // What is drawn of tables and strings is not what their decoder expects; of pictures it is.
    const drawn = view.columns || view.tokens;
    const expected = drawn ? " The sample is one draw; here is what is expected at its latents." : "";
    this.element = card(
      "sliders",
      "Latents",
      latents.isCodes
        ? "The codes that differ most among test examples. Each stands for a place of the picture."
        : `The most active ones. They start at the sample that is looked at.${expected}`,
      beside(
        this.picture,
        [
          ...this.sliders.map(({ row }) => row),
          make("div", { class: "buttons" }, button("Back to the sample", () => this.start(this.from))),
        ],
        "controls wide",
      ),
    );
  }

  slider(at) {
    const { low, high, step } = this.latents.rangeOf(at);
    const id = unique("slider");
    const value = make("output", { for: id });
    const input = make("input", {
      id,
      type: "range",
      min: String(low),
      max: String(high),
      step: String(step),
      input: () => this.moved(made),
    });
    const name = make("label", { for: id }, this.latents.word, make("sub", {}, String(at)));
    const made = { at, input, value, row: make("div", { class: "slider" }, name, input, value) };
    return made;
  }

  /** Puts every slider where a row of latents is. */
  start(z) {
    this.from = z;
    this.z = z.slice();
    for (const slider of this.sliders) {
      const { low, high } = this.latents.rangeOf(slider.at);
      slider.input.min = String(Math.min(low, z[slider.at]));
      slider.input.max = String(Math.max(high, z[slider.at]));
      slider.input.value = String(z[slider.at]);
      this.tell(slider);
    }
    return this.ask();
  }

  moved(slider) {
    this.z[slider.at] = Number(slider.input.value);
    this.tell(slider);
    this.ask();
  }

  tell({ at, value }) {
    value.textContent = short(Number(this.z[at]), this.latents.isCodes ? 0 : 2);
  }

  async show() {
    this.view.draw(this.picture, await this.latents.decode([this.z]), 0);
    this.picture.dataset.count = String(Number(this.picture.dataset.count ?? 0) + 1);
  }
}
