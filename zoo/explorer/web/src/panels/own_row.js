/** A form with a table's columns: what the model makes of a row, and what each column costs. */

import { button, card, make, short, unique } from "../elements.js";
import { exampleOf } from "../latents.js";
import { dateOf, daysOf, isNumber } from "../views/tables.js";

const HEADS = ["Column", "Yours", "Rebuilt", "Costs, nats"];

export class OwnRowPanel {
  constructor({ view }, trial, given) {
    Object.assign(this, { view, trial, given, example: -1 });
    this.lines = view.columns.map((column) => this.line(column));
    trial.onAnswer = (inputs, rebuilt, score) => this.tell(rebuilt, score);
    const heads = HEADS.map((head) => make("th", { scope: "col" }, head));
    this.element = card(
      "own",
      "A row of your own",
      "It is encoded, decoded and scored here, column by column; nothing leaves this machine. What is left empty is missing.",
      make("div", { class: "buttons" }, button("Next test example", () => this.next())),
      make(
        "form",
        { input: () => this.take(), submit: (event) => event.preventDefault() },
        make(
          "table",
          { class: "row-form" },
          make("thead", {}, make("tr", {}, ...heads)),
          make("tbody", {}, ...this.lines.map(({ row }) => row)),
        ),
      ),
      trial.element,
    );
  }

  /** A column's control, its reconstruction and its cost, in a row of the form. */
  line(column) {
    const control = this.control(column);
    const unit = column.unit && column.kind !== "date" ? `, ${column.unit}` : "";
    const label = make("label", { for: control.id }, `${column.name}${unit}`);
    const [rebuilt, cost] = [make("td"), make("td", { class: "cost" })];
    const row = make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, control), rebuilt, cost);
    return { column, control, rebuilt, cost, row };
  }

  control(column) {
    const id = unique("column");
    if (!isNumber(column)) {
      const words = column.words.map((word, code) => make("option", { value: String(code) }, word));
      return make("select", { id }, make("option", { value: "" }, "missing"), ...words);
    }
    const whole = column.kind === "count";
    const type = column.kind === "date" ? "date" : "number";
    return make("input", { id, type, step: whole ? "1" : "any", min: whole ? "0" : null });
  }

  async next() {
    const array = this.given.numbers ?? this.given.categories;
    this.example = (this.example + 1) % array.shape[0];
    const inputs = exampleOf(this.given, this.example);
    this.lines.forEach(({ column, control }, at) => {
      const value = this.view.value(inputs, 0, at);
      if (value === null) control.value = "";
      else if (column.kind === "date") control.value = dateOf(value, column);
      else control.value = isNumber(column) ? String(Number(value.toPrecision(7))) : String(value);
      control.setAttribute("aria-invalid", "false");
    });
    return this.trial.ask(inputs);
  }

  take() {
    const values = this.lines.map(({ column, control }) => {
      if (control.value === "") return null;
      return column.kind === "date" ? daysOf(control.value) : Number(control.value);
    });
    const problems = this.lines.map(({ column, control }, at) => this.problem(column, values[at], control));
    this.lines.forEach(({ control }, at) => control.setAttribute("aria-invalid", String(problems[at] !== "")));
    const first = problems.find((problem) => problem);
    if (first) this.trial.error.textContent = first;
    else this.trial.ask(this.view.inputs(values));
  }

  /** Why a value is none of its column; "" where it is one. */
  problem(column, value, control) {
    if (control.validity?.badInput) return `${column.name}: wanted is a number.`;
    if (value === null) {
      const free = this.trial.artifact.endpoints.score.inputs.some(({ missing }) => missing);
      return column.missing || free ? "" : `${column.name}: the model never saw a row without it.`;
    }
    if (column.log && value <= 0) return `${column.name}: wanted is a number above 0.`;
    const whole = Number.isInteger(value) && value >= 0;
    return column.kind === "count" && !whole ? `${column.name}: wanted is a whole number from 0 on.` : "";
  }

  tell(rebuilt, score) {
    const costs = [...(score.contribution?.values ?? [])];
    const most = Math.max(...costs.map(Math.abs), 1e-6);
    this.lines.forEach((line, at) => {
      line.rebuilt.textContent = this.view.shown(rebuilt, 0, at);
      if (!costs.length) return;
      const bar = make("span", { class: costs[at] < 0 ? "bar usual" : "bar", "aria-hidden": "true" });
      bar.style.width = `${(100 * Math.abs(costs[at])) / most}%`;
      line.cost.replaceChildren(make("span", {}, short(costs[at])), bar);
    });
  }
}
