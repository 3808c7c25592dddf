/** Connecting nodes: by drawing a line from a port, or by choosing from a list. */

import { open } from "./dialogs.js";
import { h } from "./dom.js";

/** Pixels that a pointer may move in a tap. */
const TAP = 6;

export class Connecting {
  #from = null;
  #began = null;

  constructor(board) {
    this.board = board;
    const { node } = board;
    node.addEventListener("pointerdown", (event) => this.#down(event));
    node.addEventListener("pointermove", (event) => this.#move(event));
    node.addEventListener("pointerup", (event) => this.#up(event));
    node.addEventListener("pointercancel", () => this.#end());
    node.addEventListener("click", (event) => this.#click(event));
  }

  #down(event) {
    const port = event.target.closest(".port");
    if (!port || event.button !== 0) return;
    port.setPointerCapture(event.pointerId);
    this.#from = port.closest(".node").dataset.id;
    this.#began = event;
  }

  #move(event) {
    if (!this.#from || !this.#moved(event)) return;
    this.board.edges.draft = { from: this.#from, to: this.board.under(event) };
    this.board.edges.draw();
    this.#mark(this.#over(event));
  }

  #moved(event) {
    return Math.hypot(event.clientX - this.#began.clientX, event.clientY - this.#began.clientY) > TAP;
  }

  #over({ clientX, clientY }) {
    return this.board.node.getRootNode().elementFromPoint(clientX, clientY)?.closest(".node") ?? null;
  }

  #mark(box) {
    for (const each of this.board.list.querySelectorAll(".over")) each.classList.remove("over");
    if (box && !this.board.app.graph.hindrance(this.#from, box.dataset.id)) box.classList.add("over");
  }

  #up(event) {
    const [from, drawn] = [this.#from, this.board.edges.draft];
    const box = this.#over(event);
    this.#end();
    if (!drawn) return;
    if (box) this.connect(from, box.dataset.id);
    else this.#intoNew(from, drawn.to);
  }

  /** Let go over the ground: a new picture is made of it. */
  #intoNew(from, { x, y }) {
    const { graph } = this.board.app;
    graph.together(() => graph.connect(from, graph.add("transform", { x, y: y - 30 }).id));
  }

  #end() {
    this.#mark(null);
    this.#from = null;
    this.board.edges.draft = null;
    this.board.edges.draw();
  }

  /** Connect two nodes, or say why not. */
  connect(from, to) {
    const { app } = this.board;
    const why = app.graph.hindrance(from, to);
    if (why && from !== to) app.notice(why);
    if (why) return;
    app.notice(null);
    app.graph.connect(from, to);
    app.say(`${app.graph.node(from).title} goes into ${app.graph.node(to).title}.`);
  }

  /** A port that is pressed, and not drawn from: the list of where it can go. */
  async #click(event) {
    const port = event.target.closest(".port");
    if (!port || (event.detail > 0 && this.#moved(event))) return;
    const from = port.closest(".node").dataset.id;
    const { app } = this.board;
    const able = app.graph.nodes.filter(({ id }) => !app.graph.hindrance(from, id));
    const to = await open(app.root, { title: `${app.graph.node(from).title} goes into…`, look: "small" }, (close) => [
      ...able.map(({ id, title }) => h("button", { type: "button", onclick: () => close(id) }, title)),
      h("button", { type: "button", class: "primary", onclick: () => close("new") }, "A new picture"),
    ]);
    const { x, y } = app.graph.node(from);
    if (to === "new") this.#intoNew(from, { x: x + 400, y: y + 30 });
    else if (to) this.connect(from, to);
  }
}
