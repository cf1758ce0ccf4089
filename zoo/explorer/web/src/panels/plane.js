/** A plane of two latents that one drags across: what is near in it looks alike. */

import { beside, card, labelled, latest, make, short } from "../elements.js";

const CHOICES = 12;
const TILES = 9; // of the plane's background, in each direction
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.02;

export class PlanePanel {
  constructor({ latents, view }) {
    Object.assign(this, { latents, view, x: 0.5, y: 0.5 });
    this.picture = view.make("What the point decodes to");
    this.picture.id = "at-point";
    this.axes = [this.choice("Across", 0), this.choice("Up", 1)];
    this.mosaic = view.tiled ? make("div", { class: "mosaic", "aria-hidden": "true" }) : "";
    this.point = make("div", { class: "point" });
    this.place = make("output", { class: "caption", "aria-live": "polite" });
    this.field = make(
      "div",
      {
        id: "field",
        class: view.tiled ? "field-of-two" : "field-of-two ruled",
        tabindex: "0",
        role: "application",
        "aria-roledescription": "two-dimensional slider",
        "aria-label": "A plane of two latents. The arrow keys move the point.",
        pointerdown: (event) => this.grabbed(event),
        pointermove: (event) => this.dragged(event),
        keydown: (event) => this.pressed(event),
      },
      this.mosaic,
      this.point,
    );
    this.ask = latest(() => this.show());
    this.paint = latest(() => this.tile());
    const pair = make("div", { class: "buttons" }, ...this.axes.map(({ field }) => field));
    this.element = card(
      "plane",
      "A plane to walk on",
      "Drag across it: what is near in the latent space looks alike. All other latents stay as the sample has them.",
      beside(this.field, [this.picture, this.place, pair]),
    );
  }

  choice(text, rank) {
    const select = make("select", { change: () => this.start(this.from) });
    const options = this.latents.order.slice(0, Math.max(2, CHOICES));
    for (const at of options) {
      select.append(make("option", { value: String(at) }, `${this.latents.word} ${at}`));
    }
    select.value = String(options[Math.min(rank, options.length - 1)]);
    return { select, field: labelled(text, select) };
  }

  start(z) {
    this.from = z;
    const [across, up] = this.axes.map(({ select }) => this.latents.rangeOf(Number(select.value)));
    const [i, j] = this.axes.map(({ select }) => Number(select.value));
    const inside = (value, { low, high }) => Math.min(1, Math.max(0, (value - low) / (high - low)));
    [this.x, this.y] = [inside(Number(z[i]), across), inside(Number(z[j]), up)];
    this.paint();
    return this.move();
  }

  at(x, y) {
    const [i, j] = this.axes.map(({ select }) => Number(select.value));
    const [across, up] = [this.latents.rangeOf(i), this.latents.rangeOf(j)];
    const value = ({ low, high }, share) => {
      const found = low + share * (high - low);
      return this.latents.isCodes ? Math.round(found) : found;
    };
    return [[i, value(across, x)], [j, value(up, y)]];
  }

  grabbed(event) {
    this.field.setPointerCapture(event.pointerId);
    this.field.focus({ preventScroll: true });
    event.preventDefault();
    this.follow(event);
  }

  dragged(event) {
    if (event.buttons) this.follow(event);
  }

  follow({ clientX, clientY }) {
    const box = this.field.getBoundingClientRect();
    this.x = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
    this.y = Math.min(1, Math.max(0, 1 - (clientY - box.top) / box.height));
    this.move();
  }

  pressed(event) {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    const step = event.shiftKey ? 5 * STEP : STEP;
    this.x = Math.min(1, Math.max(0, this.x + by[0] * step));
    this.y = Math.min(1, Math.max(0, this.y + by[1] * step));
    this.move();
  }

  move() {
    this.point.style.left = `${100 * this.x}%`;
    this.point.style.bottom = `${100 * this.y}%`;
    const { word, isCodes } = this.latents;
    const said = this.at(this.x, this.y).map(([at, value]) => `${word} ${at}: ${short(value, isCodes ? 0 : 2)}`);
    this.place.textContent = said.join(", ");
    return this.ask();
  }

  async show() {
    const z = this.latents.changed(this.from, this.at(this.x, this.y));
    this.view.draw(this.picture, await this.latents.decode([z]), 0);
  }

  /** The background, a row of small pictures at a time. */
  async tile() {
    if (!this.mosaic) return;
    if (!this.tiles) {
      this.tiles = Array.from({ length: TILES * TILES }, () => this.view.make(""));
      this.mosaic.append(...this.tiles);
    }
    const from = this.from;
    for (let line = 0; line < TILES && from === this.from; line += 1) {
      const places = Array.from({ length: TILES }, (_, at) => (at + 0.5) / TILES);
      const rows = places.map((x) => this.latents.changed(from, this.at(x, 1 - places[line])));
      const answer = await this.latents.decode(rows);
      rows.forEach((_, at) => this.view.draw(this.tiles[line * TILES + at], answer, at));
    }
  }
}
