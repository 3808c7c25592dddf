/** Files that are dropped on the canvas or pasted: into the node there, or into new ones. */

/** How far apart new nodes lie, in pixels. */
const APART = 260;

const filesOf = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
const holdsFiles = (data) => [...(data?.items ?? [])].some((item) => item.kind === "file");

export class Taking {
  #stopping = new AbortController();

  constructor(board) {
    this.board = board;
    const { node } = board;
    node.addEventListener("dragover", (event) => this.#over(event));
    node.addEventListener("dragleave", () => this.#mark(null));
    node.addEventListener("drop", (event) => this.#drop(event));
    // Where nothing has the focus, a paste is the document's.
    document.addEventListener("paste", (event) => this.#paste(event), { signal: this.#stopping.signal });
  }

  #over(event) {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.#mark(event.target.closest(".node.image"));
  }

  #mark(box) {
    for (const each of this.board.list.querySelectorAll(".over")) each.classList.remove("over");
    box?.classList.add("over");
  }

  #drop(event) {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.#mark(null);
    this.#take(filesOf(event.dataTransfer), event.target.closest(".node.image"), this.board.under(event));
  }

  #paste(event) {
    const files = filesOf(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    this.#take(files, this.board.node.getRootNode().activeElement?.closest(".node.image"));
  }

  /** Into the node, the others into new ones from there on downwards. */
  async #take(files, box, spot) {
    const [first, ...others] = files;
    const rest = box ? others : files;
    if (box && first) await this.board.box(box.dataset.id).body.take([first]);
    for (const [index, file] of rest.entries()) {
      const place = spot && { x: spot.x, y: spot.y + index * APART };
      const { id } = this.board.add("image", place);
      await this.board.box(id).body.take([file]);
    }
  }

  stop() {
    this.#stopping.abort();
  }
}
