/** Where the nodes lie: moved about, come nearer to, connected; on narrow pages a list from top to bottom. */

import { Box } from "./box.js";
import { Connecting } from "./connecting.js";
import { h, iconButton } from "./dom.js";
import { Edges } from "./edges.js";
import { Grip } from "./grip.js";
import { Taking } from "./taking.js";

const NEAREST = 1.6;
const FARTHEST = 0.25;

export class Board {
  #boxes = new Map();
  #at = { x: 24, y: 24, zoom: 1 };

  constructor(app) {
    this.app = app;
    this.edges = new Edges(this);
    this.list = h("ol", { class: "nodes", "aria-label": "The flow, in the order in which it is made" });
    this.world = h("div", { class: "world" }, this.edges.node, this.list);
    this.empty = h(
      "div",
      { class: "nothing" },
      h("h2", {}, "Make a picture of pictures"),
      h("p", {}, "Add a text, a picture, or a new picture that is made of both, and connect them."),
      h("button", { type: "button", class: "primary", onclick: () => app.example() }, "Begin with a gift basket"),
    );
    const zoom = (label, drawing, by) => iconButton(label, drawing, { onclick: () => this.#zoom(by) });
    const nearer = h(
      "div",
      { class: "nearer", role: "group", "aria-label": "View" },
      zoom("Farther away", "minus", 0.8),
      iconButton("Show all", "fit", { onclick: () => this.fit() }),
      zoom("Nearer", "add", 1.25),
    );
    this.node = h("div", { class: "board" }, this.world, this.empty, nearer);
    new Grip(this);
    this.connecting = new Connecting(this);
    this.taking = new Taking(this);
    this.node.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.node.addEventListener("scroll", () => this.#scrolled());
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.#look();
  }

  /** Whether the nodes are a list, as on phones. */
  get listed() {
    return getComputedStyle(this.edges.node).display === "none";
  }

  box(id) {
    return this.#boxes.get(id);
  }

  /** Show the nodes as they are now. */
  update() {
    const { graph } = this.app;
    const focused = this.node.getRootNode().activeElement;
    const order = graph.order;
    for (const [id, box] of this.#boxes) {
      if (graph.node(id)) continue;
      box.stop();
      box.node.remove();
      this.#boxes.delete(id);
    }
    order.forEach((node, index) => this.#place(node, index));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    this.empty.hidden = order.length > 0;
    this.edges.draw();
  }

  #place(node, index) {
    if (!this.#boxes.has(node.id)) this.#boxes.set(node.id, new Box(this.app, node));
    const box = this.box(node.id);
    if (this.list.children[index] !== box.node) this.list.insertBefore(box.node, this.list.children[index] ?? null);
    box.update(node, index);
  }

  /** Add a node in the middle of what is seen, beside what lies there. */
  add(type, spot = this.#middle()) {
    const node = this.app.graph.add(type, spot);
    this.update();
    this.box(node.id).node.scrollIntoView({ block: "nearest" });
    this.box(node.id).group.focus({ preventScroll: !this.listed });
    return node;
  }

  #middle() {
    const { clientWidth, clientHeight } = this.node;
    const spot = this.within(clientWidth / 2 - 150, clientHeight / 3);
    const taken = ({ x, y }) => this.app.graph.nodes.some((each) => Math.hypot(each.x - x, each.y - y) < 30);
    while (taken(spot)) [spot.x, spot.y] = [spot.x + 36, spot.y + 36];
    return spot;
  }

  /** Where in the world a place of the board is, in pixels from its corner. */
  within(x, y) {
    return { x: Math.round((x - this.#at.x) / this.#at.zoom), y: Math.round((y - this.#at.y) / this.#at.zoom) };
  }

  /** Where in the world a pointer is. */
  under({ clientX, clientY }) {
    const box = this.node.getBoundingClientRect();
    return this.within(clientX - box.left, clientY - box.top);
  }

  get zoom() {
    return this.#at.zoom;
  }

  /** Move the view, in pixels of the screen. */
  pan(x, y) {
    this.#at.x += x;
    this.#at.y += y;
    this.#look();
  }

  /** Come nearer to a place of the board, or go away from it. */
  nearer(by, x, y) {
    const zoom = Math.min(NEAREST, Math.max(FARTHEST, this.#at.zoom * by));
    const real = zoom / this.#at.zoom;
    this.#at = { x: x - (x - this.#at.x) * real, y: y - (y - this.#at.y) * real, zoom };
    this.#look();
  }

  #zoom(by) {
    this.nearer(by, this.node.clientWidth / 2, this.node.clientHeight / 2);
  }

  /** Show all nodes. */
  fit() {
    const boxes = [...this.#boxes.values()].map(({ node }) => node);
    if (boxes.length === 0 || this.listed) return;
    const left = Math.min(...boxes.map((each) => each.offsetLeft)) - 24;
    const top = Math.min(...boxes.map((each) => each.offsetTop)) - 24;
    const right = Math.max(...boxes.map((each) => each.offsetLeft + each.offsetWidth)) + 24;
    const bottom = Math.max(...boxes.map((each) => each.offsetTop + each.offsetHeight)) + 24;
    const { clientWidth, clientHeight } = this.node;
    const zoom = Math.max(FARTHEST, Math.min(1, clientWidth / (right - left), clientHeight / (bottom - top)));
    this.#at = { x: (clientWidth - (right - left) * zoom) / 2 - left * zoom, y: -top * zoom, zoom };
    this.#look();
  }

  #look() {
    const { x, y, zoom } = this.#at;
    this.world.style.setProperty("--x", `${x}px`);
    this.world.style.setProperty("--y", `${y}px`);
    this.world.style.setProperty("--zoom", zoom);
  }

  /** A browser scrolls to what has the focus: then the view goes there. */
  #scrolled() {
    if (this.listed) return;
    const { scrollLeft, scrollTop } = this.node;
    if (!scrollLeft && !scrollTop) return;
    this.node.scrollTo(0, 0);
    this.pan(-scrollLeft, -scrollTop);
  }

  #wheel(event) {
    const inside = event.target.closest("textarea");
    if (this.listed || (inside && inside.scrollHeight > inside.clientHeight && !event.ctrlKey)) return;
    event.preventDefault();
    const box = this.node.getBoundingClientRect();
    if (event.ctrlKey) this.nearer(Math.exp(-event.deltaY / 200), event.clientX - box.left, event.clientY - box.top);
    else this.pan(-event.deltaX, -event.deltaY);
  }

  #key(event) {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target.matches("textarea, input")) return;
    event.preventDefault();
    this.app.graph.undo();
  }

  stop() {
    this.taking.stop();
    for (const box of this.#boxes.values()) box.stop();
  }
}
