/** A flow as it is drawn: nodes, what goes into which, and how it was before. */

import { newKey } from "./outbox.js";

/** How many changes can be taken back. */
const STEPS = 100;

const NAMES = { text: "Text", image: "Picture", transform: "New picture" };
const EMPTY = { text: { text: "" }, image: { upload: null }, transform: { instructions: "" } };

/** Event: `change`. */
export class Graph extends EventTarget {
  #past = [];
  #last = null;

  /** @param {{nodes: object[], edges: {from: string, to: string}[]}} drawn As the server has it. */
  constructor(drawn) {
    super();
    this.drawn = drawn;
  }

  get nodes() {
    return this.drawn.nodes;
  }

  get edges() {
    return this.drawn.edges;
  }

  node(id) {
    return this.nodes.find((each) => each.id === id) ?? null;
  }

  /** A sentence of the server's, with the nodes' names for their ids. */
  named(text) {
    return this.nodes.reduce((said, { id, title }) => said.replaceAll(`'${id}'`, `“${title}”`), text);
  }

  /** What goes into a node, in the order in which it goes along. */
  into(id) {
    return this.edges.filter((edge) => edge.to === id).map((edge) => this.node(edge.from));
  }

  /** What a node needs, near and far, and itself. */
  needed(id) {
    const found = new Set([id]);
    for (const each of found) for (const { id: source } of this.into(each)) found.add(source);
    return found;
  }

  /** All nodes, each after those it is made from, and else as they were added. */
  get order() {
    const sorted = new Set();
    const visit = (node) => {
      if (sorted.has(node)) return;
      this.into(node.id).forEach(visit);
      sorted.add(node);
    };
    this.nodes.forEach(visit);
    return [...sorted];
  }

  /** Add a node; gives it. */
  add(type, { x, y }, data = {}) {
    const id = newKey();
    const title = this.#title(NAMES[type]);
    this.#do(null, ({ nodes }) => nodes.push({ id, type, title, x, y, data: { ...EMPTY[type], ...data } }));
    return this.node(id);
  }

  #title(name) {
    const taken = new Set(this.nodes.map((each) => each.title));
    for (let number = 1; ; number += 1) if (!taken.has(`${name} ${number}`)) return `${name} ${number}`;
  }

  /** Change what a node is like: `title`, `x`, `y`. Several changes of the same in a row are one step back. */
  alter(id, given) {
    this.#do(`${id} ${Object.keys(given)}`, (drawn) => Object.assign(find(drawn, id), given));
  }

  /** Change what is in a node. */
  fill(id, data) {
    this.#do(`${id} ${Object.keys(data)}`, (drawn) => Object.assign(find(drawn, id).data, data));
  }

  remove(id) {
    this.#do(null, (drawn) => {
      drawn.nodes = drawn.nodes.filter((each) => each.id !== id);
      drawn.edges = drawn.edges.filter((edge) => edge.from !== id && edge.to !== id);
    });
  }

  /** Why one cannot go into the other; `null`: it can. */
  hindrance(from, to) {
    if (this.node(to)?.type !== "transform") return "Only a new picture takes something in.";
    if (this.edges.some((edge) => edge.from === from && edge.to === to)) return "They are connected already.";
    if (this.needed(from).has(to)) return "A picture cannot be made from itself.";
    return null;
  }

  connect(from, to) {
    this.#do(null, ({ edges }) => edges.push({ from, to }));
  }

  disconnect(from, to) {
    this.#do(null, (drawn) => (drawn.edges = drawn.edges.filter((edge) => edge.from !== from || edge.to !== to)));
  }

  /** Several changes as one step back. */
  together(what) {
    const [before, past] = [JSON.stringify(this.drawn), this.#past];
    this.#past = [];
    const made = what();
    this.#past = [...past, before];
    this.#last = null;
    this.#tell();
    return made;
  }

  get undoable() {
    return this.#past.length > 0;
  }

  undo() {
    if (!this.undoable) return;
    this.drawn = JSON.parse(this.#past.pop());
    this.#last = null;
    this.#tell();
  }

  #do(name, change) {
    if (name === null || name !== this.#last) this.#past = [...this.#past, JSON.stringify(this.drawn)].slice(-STEPS);
    this.#last = name;
    change(this.drawn);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The drawing that the tab's first visitor finds: three pictures and words that become one picture. */
export function basket(graph) {
  return graph.together(() => {
    const made = graph.add("transform", { x: 460, y: 60 });
    for (const y of [0, 290, 580]) graph.connect(graph.add("image", { x: 40, y }).id, made.id);
    const words = graph.add("text", { x: 40, y: 870 }, { text: "Create a gift basket containing all these items" });
    graph.connect(words.id, made.id);
    return made;
  });
}

function find(drawn, id) {
  return drawn.nodes.find((each) => each.id === id);
}
