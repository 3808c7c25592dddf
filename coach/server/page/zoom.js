/** A picture one can come close to: by wheel, two fingers, double tap, keys and buttons. */

import { h, iconButton } from "./dom.js";

const MOST = 6;
const CLOSE = 2.5;
const STEP = 60;

export class Zoom {
  #scale = 1;
  #x = 0;
  #y = 0;
  #fingers = new Map();

  /** @param {HTMLImageElement} image */
  constructor(image) {
    this.image = image;
    const by = (factor) => () => this.#by(factor);
    this.node = h(
      "div",
      {
        class: "zoom",
        tabIndex: 0,
        role: "group",
        "aria-label": "The picture. Plus and minus come closer and go back, arrow keys move it.",
        onwheel: (event) => this.#wheel(event),
        ondblclick: (event) => this.#set(this.#scale > 1 ? 1 : CLOSE, event),
        onkeydown: (event) => this.#key(event),
        onpointerdown: (event) => this.#down(event),
        onpointermove: (event) => this.#move(event),
        onpointerup: (event) => this.#fingers.delete(event.pointerId),
        onpointercancel: (event) => this.#fingers.delete(event.pointerId),
      },
      image,
    );
    this.buttons = h(
      "div",
      { class: "closer" },
      iconButton("Go back", "minus", { onclick: by(1 / 1.5) }),
      iconButton("Come closer", "add", { onclick: by(1.5) }),
    );
  }

  #wheel(event) {
    event.preventDefault();
    this.#by(Math.exp(-event.deltaY / 400), event);
  }

  #key(event) {
    const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    if (event.key === "+" || event.key === "=") this.#by(1.5);
    else if (event.key === "-") this.#by(1 / 1.5);
    else if (event.key === "0") this.#set(1);
    else if (event.key in moves && this.#scale > 1) this.#pan(...moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #down(event) {
    this.node.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, event);
  }

  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const others = [...this.#fingers.values()].filter((each) => each !== before);
    this.#fingers.set(event.pointerId, event);
    if (others.length === 0) this.#pan(event.clientX - before.clientX, event.clientY - before.clientY);
    else this.#pinch(before, event, others[0]);
  }

  #pinch(before, after, other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = { clientX: (after.clientX + other.clientX) / 2, clientY: (after.clientY + other.clientY) / 2 };
    if (apart(before) > 0) this.#by(apart(after) / apart(before), middle);
  }

  #by(factor, at) {
    this.#set(this.#scale * factor, at);
  }

  /** Come so close that the point at hand stays where it is. */
  #set(wanted, at) {
    const scale = Math.min(MOST, Math.max(1, wanted));
    const box = this.node.getBoundingClientRect();
    const x = (at?.clientX ?? box.left + box.width / 2) - box.left - box.width / 2;
    const y = (at?.clientY ?? box.top + box.height / 2) - box.top - box.height / 2;
    this.#x = x - ((x - this.#x) * scale) / this.#scale;
    this.#y = y - ((y - this.#y) * scale) / this.#scale;
    this.#scale = scale;
    this.#pan(0, 0);
  }

  #pan(x, y) {
    const spare = (this.#scale - 1) / 2;
    const within = (value, most) => Math.min(most, Math.max(-most, value));
    this.#x = within(this.#x + x, this.node.clientWidth * spare);
    this.#y = within(this.#y + y, this.node.clientHeight * spare);
    this.image.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
    this.node.classList.toggle("close", this.#scale > 1);
  }
}
