/** Series and vectors as lines over their steps, and drawings as strokes. */

import { rowOf } from "../npz.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [240, 120];

export class LineView {
  small = true;

  constructor(schema) {
    this.features = schema.shape.length > 1 ? schema.shape.at(-1) : 1;
  }

  make(label) {
    return svg("svg", { class: "lines", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  }

  draw(element, arrays, row) {
    const values = rowOf(arrays.x_mean ?? arrays.x, row);
    const steps = values.length / this.features;
    const lines = Array.from({ length: this.features }, (_, feature) => {
      const line = Array.from({ length: steps }, (_, step) => values[step * this.features + feature]);
      return svg("polyline", { points: pointsOf(line), class: `line-${feature % 4}` });
    });
    element.replaceChildren(...lines);
    element.dataset.drawn = "true";
  }
}

export class StrokeView {
  small = true;
  tiled = true;

  make(label) {
    return svg("svg", { class: "lines", viewBox: "0 0 100 100", role: "img", "aria-label": label });
  }

  draw(element, arrays, row) {
    const values = rowOf(arrays.x_mean ?? arrays.x, row);
    const strokes = [[]];
    let [x, y] = [0, 0];
    for (let at = 0; at + 2 < values.length; at += 3) {
      const pen = Math.round(values[at + 2]);
      if (pen === 2) break;
      x += values[at];
      y += values[at + 1];
      strokes.at(-1).push([x, y]);
      if (pen === 1) strokes.push([]);
    }
    element.replaceChildren(...fitted(strokes).map((points) => svg("polyline", { points, class: "line-0" })));
    element.dataset.drawn = "true";
  }
}

function pointsOf(line) {
  const known = line.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const reach = high - low || 1;
  return line
    .map((value, at) => [(at / Math.max(1, line.length - 1)) * WIDTH, (1 - (value - low) / reach) * (HEIGHT - 8) + 4])
    .filter(([, y]) => Number.isFinite(y))
    .map((point) => point.map((each) => each.toFixed(1)).join(","))
    .join(" ");
}

function fitted(strokes) {
  const points = strokes.flat();
  if (!points.length) return [];
  const [left, top] = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])));
  const scale = 90 / Math.max(right - left, bottom - top, 1e-6);
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => `${(5 + (x - left) * scale).toFixed(1)},${(5 + (y - top) * scale).toFixed(1)}`).join(" "),
  );
}

function svg(tag, attributes) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
