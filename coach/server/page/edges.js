/** The lines between nodes. */

const SVG = "http://www.w3.org/2000/svg";

/** How far below a node's upper edge its lines begin and end, in pixels. */
const DOWN = 30;

export class Edges {
  constructor(board) {
    this.board = board;
    this.node = document.createElementNS(SVG, "svg");
    this.node.setAttribute("class", "edges");
    this.node.setAttribute("aria-hidden", "true");
    /** A line that is being drawn: from a node to a place in the world. */
    this.draft = null;
  }

  /** Draw them as they are now. */
  draw() {
    const { app } = this.board;
    const lines = app.graph.edges.map(({ from, to }) => line(this.#end(from), this.#begin(to), this.#look(from, to)));
    if (this.draft) lines.push(line(this.#end(this.draft.from), this.draft.to, "draft"));
    this.node.replaceChildren(...lines);
  }

  #look(from, to) {
    return this.board.app.results.of(to).state === "running" ? "flows" : "";
  }

  #end(id) {
    const { node } = this.board.box(id);
    return { x: node.offsetLeft + node.offsetWidth, y: node.offsetTop + DOWN };
  }

  #begin(id) {
    const { node } = this.board.box(id);
    return { x: node.offsetLeft, y: node.offsetTop + DOWN };
  }
}

function line(from, to, look) {
  const path = document.createElementNS(SVG, "path");
  const bend = Math.max(40, Math.abs(to.x - from.x) / 2);
  path.setAttribute("d", `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`);
  path.setAttribute("class", look);
  return path;
}
