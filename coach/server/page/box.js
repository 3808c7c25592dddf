/** A node: its head, where it lies, and what is in it. */

import { h, icon, iconButton } from "./dom.js";
import { ImageBody } from "./image-body.js";
import { TextBody } from "./text-body.js";
import { TransformBody } from "./transform-body.js";

const BODIES = { text: TextBody, image: ImageBody, transform: TransformBody };
const DRAWINGS = { text: "text", image: "gallery", transform: "spark" };
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Box {
  constructor(app, { id, type }) {
    this.app = app;
    this.id = id;
    this.body = new BODIES[type](app, id);
    this.title = h("input", {
      "aria-label": "Name",
      maxLength: 200,
      onchange: (event) => app.graph.alter(id, { title: event.target.value.trim() || "Without a name" }),
    });
    this.remove = iconButton("Delete", "trash", { class: "plain", onclick: () => this.#remove() });
    this.port = h("button", { type: "button", class: "port" });
    this.group = h(
      "div",
      { class: `node ${type}`, role: "group", tabIndex: 0, onkeydown: (event) => this.#key(event) },
      h("header", {}, icon(DRAWINGS[type]), this.title, this.remove),
      ...this.body.parts,
      this.port,
    );
    this.group.dataset.id = id;
    this.node = h("li", {}, this.group);
  }

  update(node) {
    const { x, y, title } = node;
    this.node.style.setProperty("--x", `${x}px`);
    this.node.style.setProperty("--y", `${y}px`);
    if (this.title !== this.title.getRootNode().activeElement) this.title.value = title;
    this.body.update(node);
    this.group.setAttribute("aria-label", [title, this.body.words].filter(Boolean).join(": "));
    this.remove.setAttribute("aria-label", `Delete ${title}`);
    this.port.setAttribute("aria-label", `Connect ${title} to…`);
    this.port.title = "Draw a line to where it goes, or press to choose";
  }

  #key(event) {
    if (event.target !== this.group) return;
    if (event.key === "Delete" || event.key === "Backspace") this.#remove();
    else if (event.key in STEP && !this.app.board.listed) this.#move(event);
    else return;
    event.preventDefault();
  }

  #move({ key, shiftKey }) {
    const [x, y] = STEP[key].map((way) => way * (shiftKey ? 100 : 10));
    const node = this.app.graph.node(this.id);
    this.app.graph.alter(this.id, { x: node.x + x, y: node.y + y });
  }

  #remove() {
    const next = this.node.nextElementSibling ?? this.node.previousElementSibling;
    this.app.graph.remove(this.id);
    this.app.say(`${this.title.value} was deleted. Undo brings it back.`);
    (next?.firstElementChild ?? this.app.toolbar.node.querySelector("button")).focus({ preventScroll: true });
  }

  stop() {
    this.body.stop?.();
  }
}
