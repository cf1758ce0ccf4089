/** Pictures, pixel by pixel; of ink black on white. */

import { make } from "../elements.js";
import { rowOf } from "../npz.js";

export class PictureView {
  small = true;
  tiled = true;

  constructor(schema, inputs) {
    [this.height, this.width, this.channels] = schema.shape;
    this.low = schema.low ?? 0;
    this.high = schema.high ?? 1;
    const binary = inputs.x.values.every((value) => value === 0 || value === 1);
    this.ink = this.channels === 1 && (schema.ink || binary);
    this.binary = binary;
  }

  make(label) {
    const { width, height } = this;
    const kind = this.ink ? "picture ink" : "picture";
    return make("canvas", { class: kind, width, height, role: "img", "aria-label": label });
  }

  draw(canvas, arrays, row) {
    const values = rowOf(arrays.x_mean ?? arrays.x, row);
    canvas.getContext("2d").putImageData(this.pixels(values), 0, 0);
    canvas.dataset.drawn = "true";
  }

  /** [height, width, channels] -> ImageData. */
  pixels(values) {
    const image = new ImageData(this.width, this.height);
    for (let pixel = 0; pixel < this.width * this.height; pixel += 1) {
      for (let colour = 0; colour < 3; colour += 1) {
        const value = values[pixel * this.channels + Math.min(colour, this.channels - 1)];
        const share = (value - this.low) / (this.high - this.low);
        image.data[4 * pixel + colour] = Math.round(255 * (this.ink ? 1 - share : share));
      }
      image.data[4 * pixel + 3] = 255;
    }
    return image;
  }

  /** ImageData of this size -> the `x` of an endpoint. */
  inputs(image) {
    const values = new Float32Array(this.width * this.height * this.channels);
    for (let at = 0; at < values.length; at += 1) {
      const place = 4 * Math.floor(at / this.channels);
      const { data } = image;
      const value =
        this.channels === 1
          ? (0.299 * data[place] + 0.587 * data[place + 1] + 0.114 * data[place + 2]) / 255
          : data[place + (at % this.channels)] / 255;
      const share = this.ink ? 1 - value : value;
      const rounded = this.binary ? Number(share >= 0.5) : Math.round(share * 255) / 255;
      values[at] = this.low + rounded * (this.high - this.low);
    }
    const shape = [1, this.height, this.width, this.channels];
    return { x: { dtype: "float32", shape, values } };
  }
}
