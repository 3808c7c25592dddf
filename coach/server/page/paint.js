/** Marking the part of a picture that is to change, with a brush. */

import { button, h } from "./dom.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Paint {
  #strokes = [];
  #stroke = null;
  #spot;

  /**
   * @param {{width: number, height: number}} version The picture that is painted over.
   * @param {HTMLImageElement} image
   */
  constructor(version, image) {
    this.version = version;
    this.#spot = [version.width / 2, version.height / 2];
    this.canvas = h("canvas", {
      width: version.width,
      height: version.height,
      tabIndex: 0,
      role: "application",
      "aria-label": "Paint over what shall change. Arrow keys move the brush, Space sets it down and lifts it.",
      onpointerdown: (event) => this.#down(event),
      onpointermove: (event) => this.#move(event),
      onpointerup: () => this.#lift(),
      onpointercancel: () => this.#lift(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#lift(),
    });
    this.size = h("input", { type: "range", min: 2, max: 25, value: 9, "aria-label": "Size of the brush" });
    this.undo = button("Undo", { class: "small", disabled: true, onclick: () => this.#undo() }, "undo");
    this.clear = button("Start over", { class: "small", disabled: true, onclick: () => this.#clear() });
    this.tools = h("div", { class: "row" }, h("label", {}, "Brush ", this.size), this.undo, this.clear);
    this.node = h("div", { class: "paint" }, image, this.canvas);
    this.node.style.setProperty("--shape", `${version.width} / ${version.height}`);
  }

  /** Whether nothing is marked. */
  get empty() {
    return this.#strokes.length === 0;
  }

  /** A PNG of the picture's size, fully transparent where it may change, and else black. */
  mask() {
    const { width, height } = this.version;
    const mask = h("canvas", { width, height });
    const pen = mask.getContext("2d");
    pen.fillRect(0, 0, width, height);
    pen.globalCompositeOperation = "destination-out";
    for (const stroke of this.#strokes) draw(pen, stroke);
    return new Promise((resolve) => mask.toBlob(resolve, "image/png"));
  }

  #radius() {
    return (Number(this.size.value) / 100) * this.version.width;
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.version;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  #down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#begin(this.#at(event));
  }

  #move(event) {
    if (this.#stroke) this.#to(this.#at(event));
  }

  #key(event) {
    if (event.key === " ") {
      if (this.#stroke) this.#lift();
      else this.#begin(this.#spot);
    } else if (event.key in KEYS) {
      const [x, y] = KEYS[event.key].map((way) => way * this.#radius());
      const within = (value, most) => Math.min(most, Math.max(0, value));
      this.#spot = [within(this.#spot[0] + x, this.version.width), within(this.#spot[1] + y, this.version.height)];
      if (this.#stroke) this.#to(this.#spot);
    } else return;
    event.preventDefault();
    this.#show();
  }

  #begin(point) {
    this.#stroke = { width: 2 * this.#radius(), points: [point] };
    this.#strokes.push(this.#stroke);
    this.#spot = point;
    this.#show();
  }

  #to(point) {
    this.#stroke.points.push(point);
    this.#spot = point;
    this.#show();
  }

  #lift() {
    this.#stroke = null;
  }

  #undo() {
    this.#strokes.pop();
    this.#show();
  }

  #clear() {
    this.#strokes = [];
    this.#show();
  }

  #show() {
    const pen = this.canvas.getContext("2d");
    const { color, outlineColor } = getComputedStyle(this.canvas);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.strokeStyle = color;
    for (const stroke of this.#strokes) draw(pen, stroke);
    if (this.canvas.matches(":focus-visible")) this.#brush(pen, outlineColor);
    this.undo.disabled = this.clear.disabled = this.empty;
  }

  /** Where the brush is, for those who move it with keys. */
  #brush(pen, color) {
    pen.beginPath();
    pen.arc(...this.#spot, this.#radius(), 0, 2 * Math.PI);
    pen.lineWidth = 6;
    pen.strokeStyle = color;
    pen.stroke();
  }
}

function draw(pen, { width, points }) {
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points) pen.lineTo(...point);
  if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
  pen.stroke();
}
