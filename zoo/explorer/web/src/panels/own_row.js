/** A form with a table's columns: what the model makes of a row, and what each column costs. */

import { button, card, labelled, make, short, unique } from "../elements.js";
import { exampleOf } from "../latents.js";
import { dateOf, daysOf, isNumber } from "../views/tables.js";

export class OwnRowPanel {
  constructor({ view }, trial, given) {
    Object.assign(this, { view, trial, given, example: -1 });
    this.controls = view.columns.map((column) => this.control(column));
    this.costs = make("div", { class: "costs" });
    trial.onAnswer = (inputs, rebuilt, score) => this.tell(score);
    this.element = card(
      "own",
      "A row of your own",
      "It is scored here, column by column; nothing leaves this machine. What is left empty is missing.",
      make(
        "form",
        { class: "row-form", input: () => this.take(), submit: (event) => event.preventDefault() },
        ...this.controls.map(({ field }) => field),
      ),
      make("div", { class: "buttons" }, button("Next test example", () => this.next())),
      trial.element,
      this.costs,
    );
  }

  control(column) {
    const may = column.missing ? "" : " (wanted)";
    const unit = column.unit && column.kind !== "date" ? `, ${column.unit}` : "";
    const id = unique("column");
    const control = isNumber(column)
      ? make("input", {
          id,
          type: column.kind === "date" ? "date" : "number",
          step: column.kind === "count" ? "1" : "any",
          min: column.kind === "count" ? "0" : null,
        })
      : make(
          "select",
          { id },
          make("option", { value: "" }, "missing"),
          ...column.words.map((word, code) => make("option", { value: String(code) }, word)),
        );
    return { column, control, field: labelled(`${column.name}${unit}${may}`, control) };
  }

  async next() {
    const array = this.given.numbers ?? this.given.categories;
    this.example = (this.example + 1) % array.shape[0];
    const inputs = exampleOf(this.given, this.example);
    this.controls.forEach(({ column, control }, at) => {
      const value = this.view.value(inputs, 0, at);
      if (value === null) control.value = "";
      else if (column.kind === "date") control.value = dateOf(value);
      else control.value = isNumber(column) ? String(Number(value.toPrecision(7))) : String(value);
    });
    return this.trial.ask(inputs);
  }

  take() {
    const values = this.controls.map(({ column, control }) => {
      if (control.value === "") return null;
      return column.kind === "date" ? daysOf(control.value) : Number(control.value);
    });
    const unfit = this.controls.find(({ column, control }, at) => this.problem(column, values[at], control));
    for (const { column, control } of this.controls) {
      const value = values[this.controls.findIndex((each) => each.control === control)];
      control.setAttribute("aria-invalid", String(Boolean(this.problem(column, value, control))));
    }
    if (unfit) {
      const value = values[this.controls.indexOf(unfit)];
      this.trial.error.textContent = this.problem(unfit.column, value, unfit.control);
      return;
    }
    this.trial.ask(this.view.inputs(values));
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

  tell(score) {
    if (!score.contribution) return;
    const values = [...score.contribution.values];
    const most = Math.max(...values.map(Math.abs), 1e-6);
    const rows = values.map((value, at) => {
      const bar = make("span", { class: value < 0 ? "bar usual" : "bar" });
      bar.style.width = `${(100 * Math.abs(value)) / most}%`;
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, this.view.columns[at].name),
        make("td", {}, make("span", { class: "track", "aria-hidden": "true" }, bar)),
        make("td", {}, short(value)),
      );
    });
    const caption = make("caption", {}, "What each column adds to −log p, in nats");
    this.costs.replaceChildren(make("table", {}, caption, make("tbody", {}, ...rows)));
  }
}
