/** Rows of a table, by the names, units and words of its columns. */

import { make, short } from "../elements.js";
import { rowOf } from "../npz.js";

const DAY = 86_400_000; // milliseconds

export class TableView {
  small = false;

  constructor(schema) {
    this.columns = schema.columns;
    let numbers = 0;
    let words = 0;
    this.places = schema.columns.map((column) => (isNumber(column) ? numbers++ : words++));
    this.sizes = { numbers, words };
  }

  make(label) {
    const body = make("tbody");
    return make("table", { class: "row", "aria-label": label }, body);
  }

  draw(table, arrays, row) {
    const lines = this.columns.map((column, at) => {
      const unit = column.unit && column.kind !== "date" ? ` ${column.unit}` : "";
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, column.name),
        make("td", {}, this.shown(arrays, row, at) + unit),
      );
    });
    table.tBodies[0].replaceChildren(...lines);
    table.dataset.drawn = "true";
  }

  /** A column's value in an answer or in inputs, in the table's own words. */
  shown(arrays, row, at) {
    const column = this.columns[at];
    const value = this.value(arrays, row, at);
    if (value === null) return "missing";
    if (!isNumber(column)) return column.words[value];
    if (column.kind === "date") return dateOf(value, column);
    const whole = column.kind === "count" && Number.isInteger(value);
    return whole ? String(value) : short(value, digitsOf(column));
  }

  /** A number in its column's units, the code of a word, or null where it is missing. */
  value(arrays, row, at) {
    const column = this.columns[at];
    const array = isNumber(column)
      ? (arrays.numbers ?? arrays.numbers_mean)
      : (arrays.categories ?? arrays.categories_mode);
    const value = rowOf(array, row)[this.places[at]];
    if (Number.isNaN(value) || (!isNumber(column) && value < 0)) return null;
    return isNumber(column) ? value + column.origin : value;
  }

  /** What a form says, [value or null] by column, as the inputs of an endpoint. */
  inputs(values) {
    const numbers = new Float32Array(this.sizes.numbers);
    const categories = new Int32Array(this.sizes.words);
    this.columns.forEach((column, at) => {
      if (isNumber(column)) numbers[this.places[at]] = values[at] === null ? NaN : values[at] - column.origin;
      else categories[this.places[at]] = values[at] ?? -1;
    });
    const { numbers: n, words: m } = this.sizes;
    return {
      ...(n && { numbers: { dtype: "float32", shape: [1, n], values: numbers } }),
      ...(m && { categories: { dtype: "int32", shape: [1, m], values: categories } }),
    };
  }
}

export function isNumber(column) {
  return ["real", "count", "date"].includes(column.kind);
}

/** Days from 1970-01-01 on -> 2024-01-31; the nearest day of a column of whole days. */
export function dateOf(days, { spacing }) {
  const date = new Date((spacing ? Math.round(days) : Math.floor(days)) * DAY);
  return Number.isNaN(date.getTime()) ? "–" : date.toISOString().slice(0, 10);
}

export function daysOf(text) {
  const days = Date.parse(text) / DAY;
  return Number.isNaN(days) ? null : days;
}

function digitsOf({ scale, log }) {
  return log || scale >= 100 ? 1 : scale < 0.1 ? 4 : 2;
}
