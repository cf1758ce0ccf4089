/** A path between two samples. */

import { beside, button, card, labelled, latest, make, wholeNumber } from "../elements.js";
import { seedOf } from "../samples.js";

const FRAME = 40; // milliseconds

export class PathPanel {
  constructor({ samples, latents, view }) {
    Object.assign(this, { samples, latents, view });
    this.ends = [this.end("From", "1"), this.end("To", "2")];
    this.picture = view.make("The path's picture at the slider");
    this.picture.id = "on-path";
    this.share = make("input", {
      type: "range",
      id: "share",
      min: "0",
      max: "1",
      step: "0.01",
      value: "0.5",
      "aria-label": "How far along the path",
      input: () => this.ask(),
    });
    this.playing = null;
    this.play = button("Play", () => this.toggle(), { "aria-pressed": "false" });
    this.strip = make("div", { class: view.small ? "strip" : "rows", "aria-hidden": "true" });
    this.steps = Array.from({ length: view.small ? 9 : view.columns ? 0 : 3 }, () => view.make(""));
    this.strip.append(...this.steps);
    this.ask = latest(() => this.show());
    this.redo = latest(() => this.start());
    const straight = latents.isCodes ? "One code after the other." : "Straight through the latent space.";
    const curve = "Along a great circle, since draws of this prior lie on a shell.";
    const way = latents.curved ? curve : straight;
    this.element = card(
      "path",
      "A path between two",
      `${way} No step on it is a blend of the two ends.`,
      beside(this.picture, [
        make("div", { class: "pair" }, ...this.ends.map(({ field }) => field)),
        this.share,
        make("div", { class: "buttons" }, this.play),
      ]),
      this.strip,
    );
  }

  end(text, value) {
    const input = wholeNumber(value, { input: () => this.redo() });
    return { input, field: labelled(`${text} ${this.samples.word.toLowerCase()}`, input) };
  }

  async start() {
    const seeds = this.ends.map(({ input }) => seedOf(input.value));
    this.ends.forEach(({ input }, at) => input.setAttribute("aria-invalid", String(seeds[at] === null)));
    if (seeds.includes(null)) return;
    const answer = await this.samples.at(seeds);
    [this.a, this.b] = [0, 1].map((row) => this.latents.of(answer, row));
    const shares = this.steps.map((_, at) => at / (this.steps.length - 1));
    const rows = shares.map((share) => this.latents.between(this.a, this.b, share));
    const answers = rows.length ? await this.latents.decode(rows) : null;
    this.steps.forEach((step, row) => this.view.draw(step, answers, row));
    await this.ask();
  }

  async show() {
    if (!this.a) return;
    const z = this.latents.between(this.a, this.b, Number(this.share.value));
    this.view.draw(this.picture, await this.latents.decode([z]), 0);
  }

  toggle() {
    const playing = this.playing === null;
    this.play.textContent = playing ? "Pause" : "Play";
    this.play.setAttribute("aria-pressed", String(playing));
    if (playing) this.playing = setInterval(() => this.advance(), FRAME);
    else {
      clearInterval(this.playing);
      this.playing = null;
    }
  }

  advance() {
    this.turn = ((this.turn ?? 0) + 0.01) % 2;
    this.share.value = String(this.turn <= 1 ? this.turn : 2 - this.turn);
    this.ask();
  }
}
