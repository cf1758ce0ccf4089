/** Draw a picture, drop one, or take a test example. */

import { beside, button, card, make } from "../elements.js";
import { exampleOf } from "../latents.js";

const SIDE = 280; // of the canvas that is drawn on
const PEN = 0.075; // of its width
const INK_BOX = 20 / 28; // MNIST's digits fill a box of 20 pixels in 28, centred by their mass

export class OwnPicturePanel {
  constructor({ view, samples }, trial, given) {
    Object.assign(this, { view, trial, given, example: -1 });
    this.paper = make("canvas", {
      id: "paper",
      class: view.ink ? "paper ink" : "paper",
      width: SIDE,
      height: Math.round((SIDE * view.height) / view.width),
      role: "img",
      "aria-label": "Draw here with the pointer. Test examples and files need no pointer.",
      pointerdown: (event) => this.started(event),
      pointermove: (event) => this.moved(event),
    });
    this.pen = this.paper.getContext("2d", { willReadFrequently: true });
    this.file = make("input", {
      type: "file",
      id: "file",
      accept: "image/*",
      class: "unseen",
      change: () => this.file.files[0] && this.open(this.file.files[0]),
    });
    this.element = card(
      "own",
      view.channels === 1 ? "Draw your own" : "Bring your own",
      "Draw, drop a picture anywhere on this card, or take a test example: it is encoded, decoded and scored here; nothing leaves this machine.",
      beside(
        this.paper,
        [
          make(
            "div",
            { class: "buttons" },
            button("Clear", () => this.clear()),
            make("label", { for: "file", class: "button" }, "Open a picture"),
            this.file,
            button("Next test example", () => this.next()),
          ),
          trial.element,
        ],
        "controls wide",
      ),
    );
    this.acceptDrops();
    this.clear();
  }

  acceptDrops() {
    const { element } = this;
    element.addEventListener("dragover", (event) => {
      event.preventDefault();
      element.classList.add("dropping");
    });
    element.addEventListener("dragleave", () => element.classList.remove("dropping"));
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("dropping");
      const [file] = event.dataTransfer.files;
      if (file) this.open(file);
    });
  }

  get ground() {
    return this.view.ink ? "#fff" : "#000";
  }

  clear() {
    this.pen.fillStyle = this.ground;
    this.pen.fillRect(0, 0, this.paper.width, this.paper.height);
    this.isDrawing = true;
  }

  started(event) {
    event.preventDefault();
    if (!this.isDrawing) this.clear();
    this.paper.setPointerCapture(event.pointerId);
    this.last = this.placeOf(event);
    this.line(this.last);
  }

  moved(event) {
    if (event.buttons && this.last) this.line(this.placeOf(event));
  }

  placeOf({ clientX, clientY }) {
    const box = this.paper.getBoundingClientRect();
    const { width, height } = this.paper;
    return [((clientX - box.left) / box.width) * width, ((clientY - box.top) / box.height) * height];
  }

  line(to) {
    const { pen } = this;
    pen.strokeStyle = this.view.ink ? "#000" : "#fff";
    pen.lineWidth = PEN * this.paper.width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...this.last);
    pen.lineTo(...to);
    pen.stroke();
    this.last = to;
    this.take();
  }

  async open(file) {
    const picture = await createImageBitmap(file).catch(() => null);
    if (!picture) {
      this.trial.error.textContent = `${file.name} is no picture that this browser reads.`;
      return;
    }
    this.clear();
    const { width, height } = this.paper;
    const scale = Math.max(width / picture.width, height / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    this.pen.imageSmoothingQuality = "high";
    this.pen.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
    if (this.view.ink) this.turnInk();
    this.isDrawing = false;
    this.take();
  }

  /** A picture of light ink on dark is turned: the corners tell. */
  turnInk() {
    const { width, height } = this.paper;
    const image = this.pen.getImageData(0, 0, width, height);
    const corners = [0, width - 1, (height - 1) * width, height * width - 1];
    const light = corners.reduce((sum, at) => sum + image.data[4 * at], 0) / corners.length;
    if (light >= 128) return;
    for (let at = 0; at < image.data.length; at += 1) {
      if (at % 4 !== 3) image.data[at] = 255 - image.data[at];
    }
    this.pen.putImageData(image, 0, 0);
  }

  next() {
    const rows = this.given.x.shape[0];
    this.example = (this.example + 1) % rows;
    const inputs = exampleOf(this.given, this.example);
    const small = this.view.make("");
    this.view.draw(small, inputs, 0);
    this.pen.imageSmoothingEnabled = false;
    this.pen.drawImage(small, 0, 0, this.paper.width, this.paper.height);
    this.pen.imageSmoothingEnabled = true;
    this.isDrawing = false;
    return this.trial.ask(inputs);
  }

  take() {
    const { width, height } = this.view;
    const small = new OffscreenCanvas(width, height);
    const pen = small.getContext("2d");
    pen.fillStyle = this.ground;
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = "high";
    const box = this.view.ink && this.isDrawing ? this.inkBox() : null;
    if (box) this.drawCentred(pen, box);
    else pen.drawImage(this.paper, 0, 0, width, height);
    this.trial.ask(this.view.inputs(pen.getImageData(0, 0, width, height)));
  }

  /** Where the ink is, and its centre of mass; null where there is none. */
  inkBox() {
    const { width, height } = this.paper;
    const { data } = this.pen.getImageData(0, 0, width, height);
    let [left, top, right, bottom, mass, x, y] = [width, height, 0, 0, 0, 0, 0];
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const ink = 255 - data[4 * (row * width + column)];
        if (ink < 32) continue;
        [left, right] = [Math.min(left, column), Math.max(right, column)];
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
        mass += ink;
        x += ink * column;
        y += ink * row;
      }
    }
    if (!mass) return null;
    return { left, top, width: right - left + 1, height: bottom - top + 1, x: x / mass, y: y / mass };
  }

  drawCentred(pen, { left, top, width, height, x, y }) {
    const scale = (INK_BOX * this.view.width) / Math.max(width, height);
    pen.drawImage(
      this.paper,
      left,
      top,
      width,
      height,
      this.view.width / 2 - (x - left) * scale,
      this.view.height / 2 - (y - top) * scale,
      width * scale,
      height * scale,
    );
  }
}
