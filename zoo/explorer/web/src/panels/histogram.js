/** What test examples cost, as a histogram, and where one example lies among them. */

import { make, short } from "../elements.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const BINS = 16;
const [WIDTH, HEIGHT] = [320, 96];

export class Histogram {
  /** Of the answers of `score` to the test data: by `elbo`, or `reconstruction` where there is none. */
  static async of(artifact) {
    const { wanted } = await artifact.testData("score");
    const name = "elbo" in wanted ? "elbo" : "reconstruction";
    const costs = [...wanted[name].values].map((value) => (name === "elbo" ? -value : value));
    return new Histogram(name, costs.sort((a, b) => a - b));
  }

  constructor(name, costs) {
    Object.assign(this, { name, costs });
    this.drawing = document.createElementNS(NAMESPACE, "svg");
    this.drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT + 18}`);
    this.drawing.setAttribute("class", "histogram");
    this.drawing.setAttribute("role", "img");
    this.said = make("p", { class: "verdict", "aria-live": "polite" });
    this.element = make("div", {}, this.drawing, this.said);
    this.draw(null);
  }

  /** The cost of an answer's row, in nats. */
  costOf(answer, row) {
    const value = answer[this.name].values[row];
    return this.name === "elbo" ? -value : value;
  }

  /** Marks one cost. */
  draw(cost) {
    const [low, high, beyond] = this.range();
    const place = (value) => ((value - low) / (high - low || 1)) * WIDTH;
    const counts = new Array(BINS).fill(0);
    for (const value of this.costs) {
      counts[Math.max(0, Math.min(BINS - 1, Math.floor((place(value) / WIDTH) * BINS)))] += 1;
    }
    const most = Math.max(...counts);
    const bars = counts.map((count, at) => {
      const height = (count / most) * (HEIGHT - 10);
      const x = (at * WIDTH) / BINS + 1;
      return part("rect", { x, y: HEIGHT - height, width: WIDTH / BINS - 2, height, rx: 2 });
    });
    const ends = [
      part("text", { x: 0, y: HEIGHT + 14 }, short(low, 0)),
      part("text", { x: WIDTH, y: HEIGHT + 14, "text-anchor": "end" }, `${short(high, 0)}${beyond ? " and more" : ""} nats`),
    ];
    this.drawing.replaceChildren(...bars, ...ends);
    this.say(cost);
    if (!Number.isFinite(cost)) return; // null too
    const x = Math.min(WIDTH - 1.5, Math.max(1.5, place(cost)));
    this.drawing.append(part("line", { x1: x, x2: x, y1: 0, y2: HEIGHT, class: "mark" }));
  }

  /** [low, high, whether some lie beyond]: a few that cost very much do not flatten all others. */
  range() {
    const at = (share) => this.costs[Math.round(share * (this.costs.length - 1))];
    const most = at(0.95) + 0.75 * (at(0.95) - at(0.05));
    const last = this.costs.at(-1);
    return [this.costs[0], Math.min(last, most), last > most];
  }

  say(cost) {
    const count = this.costs.length;
    const what = this.name === "elbo" ? "−ELBO" : "−log p(x|z)";
    const over = `${what} of ${count} test examples, in nats`;
    const below = this.costs.filter((each) => each < cost).length;
    const said = !Number.isFinite(cost) ? over : `costs more than ${below} of ${count} test examples`;
    this.drawing.setAttribute("aria-label", !Number.isFinite(cost) ? over : `${over}; this one ${said}`);
    const unusual = cost !== null && below === count ? " Unlike all that is known to be normal." : "";
    this.said.textContent = !Number.isFinite(cost) ? `${over}.` : `This one, ${short(cost)} nats, ${said}.${unusual}`;
  }
}

function part(tag, attributes, text = "") {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}
