/** Keeps a flow on the server while it is drawn; what is not there yet is kept in this tab. */

import { Problem, Unreached } from "./api.js";
import { pause } from "./dom.js";

/** Milliseconds without a change after which it is sent. */
const QUIET = 400;

/** Event: `change`, when it was kept or could not be. */
export class Keeper extends EventTarget {
  #timer = null;
  #sending = null;
  #stopping = new AbortController();

  constructor(api, flow, graph) {
    super();
    this.api = api;
    this.flow = flow;
    this.graph = graph;
    this.name = `coach.flow.${flow.id}`;
    /** `kept`, `open`, `away` or `refused`; then `problem` says why. */
    this.state = "kept";
    const left = sessionStorage.getItem(this.name);
    if (left) graph.drawn = JSON.parse(left);
    graph.addEventListener("change", this.#changed);
    addEventListener("pagehide", this.#leave);
    if (left) this.#changed();
  }

  #changed = () => {
    sessionStorage.setItem(this.name, JSON.stringify(this.graph.drawn));
    this.#say("open");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), QUIET);
  };

  #leave = () => {
    if (this.state !== "kept") this.flush();
  };

  #say(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event("change"));
  }

  /** Give the flow another name. */
  rename(title) {
    this.flow.title = title;
    this.#changed();
  }

  /** The flow is gone: there is nothing to keep. */
  forget() {
    clearTimeout(this.#timer);
    sessionStorage.removeItem(this.name);
    this.state = "kept";
  }

  /** Send what is not there yet. Gives whether all of it is there then. */
  async flush() {
    clearTimeout(this.#timer);
    if (this.state === "open" || this.state === "refused") this.#sending ??= this.#send().finally(() => (this.#sending = null));
    await this.#sending;
    return this.state === "kept";
  }

  async #send() {
    for (let failed = 0; !this.#stopping.signal.aborted; ) {
      const sent = JSON.stringify(this.graph.drawn);
      try {
        await this.api.saveFlow(this.flow.id, { title: this.flow.title, graph: JSON.parse(sent) });
        if (sent !== JSON.stringify(this.graph.drawn)) continue; // it went on meanwhile
        sessionStorage.removeItem(this.name);
        return this.#say("kept");
      } catch (error) {
        if (error instanceof Problem && !error.passing) return this.#say("refused", error);
        if (!(error instanceof Unreached || error.passing)) throw error;
        this.#say("away");
        await pause(Math.min(500 * 2 ** failed++, 8000), "online");
      }
    }
    return undefined;
  }

  stop() {
    this.#leave();
    this.#stopping.abort();
    removeEventListener("pagehide", this.#leave);
    this.graph.removeEventListener("change", this.#changed);
  }
}
