/** Moving nodes by their heads, and the view by the ground; two fingers come nearer. */

export class Grip {
  #pointers = new Map();
  #node = null;

  constructor(board) {
    this.board = board;
    const { node } = board;
    node.addEventListener("pointerdown", (event) => this.#down(event));
    node.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, (event) => this.#up(event));
  }

  #down(event) {
    const { target, button, pointerId } = event;
    if (this.board.listed || button > 1 || target.closest("button, input, textarea, select, summary, a")) return;
    const box = target.closest(".node");
    if (box && !target.closest("header")) return;
    if (box && this.#pointers.size === 0) this.#node = this.board.app.graph.node(box.dataset.id);
    this.#pointers.set(pointerId, event);
    this.board.node.setPointerCapture(pointerId);
    this.board.node.classList.add("held");
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
    this.#pointers.set(event.pointerId, event);
    if (this.#node) this.#drag(x, y);
    else if (this.#pointers.size === 2) this.#pinch(event, before);
    else this.board.pan(x, y);
  }

  #drag(x, y) {
    const { app, zoom } = this.board;
    const node = app.graph.node(this.#node.id);
    if (node) app.graph.alter(node.id, { x: node.x + x / zoom, y: node.y + y / zoom });
  }

  #pinch(event, before) {
    const other = [...this.#pointers.values()].find((each) => each.pointerId !== event.pointerId);
    const far = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
    const box = this.board.node.getBoundingClientRect();
    const middle = [(event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top];
    this.board.nearer(far(event) / Math.max(1, far(before)), ...middle);
  }

  #up({ pointerId }) {
    this.#pointers.delete(pointerId);
    if (this.#pointers.size > 0) return;
    this.#node = null;
    this.board.node.classList.remove("held");
  }
}
