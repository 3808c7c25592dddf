/** What became of each node, as the events of the runs tell it, and what the next run would do. */

/** Event: `change`. */
export class Results extends EventTarget {
  #nodes = new Map();
  #open = 0;
  #all = false;
  #quotes = new Map();

  /** What is known of a node. */
  of(id) {
    return this.#nodes.get(id) ?? { state: "idle" };
  }

  /** What the next run of a node would be; `null`: not known yet. */
  quote(id) {
    return this.#quotes.get(id) ?? null;
  }

  /** The most that a run of these nodes can cost, in micro-dollars; `null`: not known; `undefined`: nothing to run. */
  worst(ids) {
    const quotes = [...ids].map((id) => this.quote(id)).filter((quote) => quote && !quote.error);
    if (quotes.length === 0) return undefined;
    return quotes.some(({ micros }) => micros === null) ? null : quotes.reduce((sum, { micros }) => sum + micros, 0);
  }

  /** Whether a node is being made, or waits for that. */
  busy(id) {
    return this.#all || ["running", "waiting"].includes(this.of(id).state);
  }

  quoted({ nodes }) {
    this.#quotes = new Map(nodes.map((each) => [each.id, each]));
    this.#tell();
  }

  take({ id, name, data }) {
    switch (name) {
      case "node":
        this.#put(data.id, { code: null, say: null, ...data, ...(data.state === "running" ? fresh() : {}) });
        break;
      case "progress":
        this.#put(data.id, { state: "running", text: data.text });
        break;
      case "preview":
        this.#put(data.id, { preview: { ...data, seq: id } });
        break;
      case "image":
        this.#put(data.id, { made: data, preview: null });
        break;
      case "run":
        this.#began(data);
        break;
      case "done":
        this.#ended();
        break;
    }
    this.#tell();
  }

  #began({ node }) {
    this.#open += 1;
    if (node) this.#put(node, { state: "waiting" });
    else this.#all = true;
  }

  /** What did not come to its end when the last run did, was cut off. */
  #ended() {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#all = false;
    for (const [id, { state }] of this.#nodes) {
      if (state === "running" || state === "waiting") this.#put(id, { state: "idle", preview: null });
    }
  }

  #put(id, told) {
    this.#nodes.set(id, { ...this.of(id), ...told });
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

const fresh = () => ({ began: Date.now(), text: null, preview: null });
