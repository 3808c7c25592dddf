/** The canvas put together: a flow, kept while it is drawn, run, and shown with what became of it. */

import { Problem } from "./api.js";
import { Board } from "./board.js";
import { consent } from "./consent.js";
import { h, icon } from "./dom.js";
import { Listener } from "./events.js";
import { flowList } from "./flows.js";
import { Graph, basket } from "./graph.js";
import { Keeper } from "./keeper.js";
import { Outbox } from "./outbox.js";
import { Kept, Me } from "./person.js";
import { Results } from "./results.js";
import { tabs } from "./tabs.js";
import { Toolbar } from "./toolbar.js";
import { signedIn, stuck } from "./welcome.js";

export class FlowApp {
  #spoken = h("div", { class: "unseen", role: "status" });
  #line = h("p", { class: "line", role: "status", hidden: true });
  #drawing = false;
  #away = false;

  /**
   * @param {Element} root Where everything is put, dialogs too.
   * @param {import("./api.js").Api} api
   */
  constructor(root, api) {
    this.root = root;
    this.api = api;
    this.me = new Me(api);
    /** Where parts that are shared with the talk tell of problems. */
    this.composer = { notice: (told) => this.notice(told?.text) };
  }

  /** Show the flow that was changed last, once the person is known. */
  async start() {
    try {
      this.session = await signedIn(this);
      const [last] = await this.api.flows();
      await (last ? this.enter(last.id) : this.another());
    } catch (error) {
      this.fail(error);
    }
  }

  /** Begin another flow. */
  async another() {
    await this.enter((await this.api.draw("My pictures", { nodes: [], edges: [] })).id);
  }

  /** Show a flow. */
  async enter(id) {
    this.stop();
    this.flow = await this.api.flow(id);
    /** Where the pictures in the nodes are, by their ids. */
    this.links = new Map(Object.values(this.flow.pictures).map((each) => [each.id, each.url]));
    this.graph = new Graph(this.flow.graph);
    this.keeper = new Keeper(this.api, this.flow, this.graph);
    this.results = new Results();
    this.quotes = new Kept(() => this.api.quote(id), null);
    this.outbox = new Outbox(id, (...did) => this.api.run(id, ...did));
    this.#show();
    this.#follow();
    this.outbox.flush();
    await Promise.all([this.quotes.refresh(), this.me.refresh()]);
  }

  #show() {
    this.board = new Board(this);
    this.toolbar = new Toolbar(this);
    const name = h("input", {
      class: "flow-title",
      "aria-label": "Name of the flow",
      value: this.flow.title,
      maxLength: 200,
      onchange: (event) => this.keeper.rename(event.target.value.trim() || "My pictures"),
    });
    const bar = h(
      "header",
      { class: "bar" },
      h("span", { class: "sign" }, icon("spark")),
      h("div", { class: "names" }, h("h1", { class: "unseen" }, "Pictures from pictures"), name),
      tabs(this, "flow"),
    );
    const main = h("main", { class: "flow" }, this.#line, this.toolbar.node, this.board.node);
    this.root.replaceChildren(bar, main, this.#spoken);
    this.#redraw();
    this.board.fit();
  }

  #follow() {
    const { graph, results, keeper, outbox, quotes } = this;
    for (const part of [graph, results, keeper, outbox]) part.addEventListener("change", () => this.#redraw());
    quotes.addEventListener("change", () => results.quoted(quotes.value));
    keeper.addEventListener("change", () => keeper.state === "kept" && this.#quote());
    this.outbox.addEventListener("refused", ({ detail }) => this.notice(detail.problem.message));
    this.listener = new Listener({
      ask: (after, signal) => this.api.flowEvents(this.flow.id, after, signal),
      take: (event) => this.#happened(event),
      tell: (connected) => this.#connected(connected),
      end: (problem) => this.fail(problem),
    });
    this.listener.run();
  }

  #happened(event) {
    const { name, data, id } = event;
    this.results.take(event);
    this.outbox.settle(id);
    const node = this.graph.node(data.id);
    if (this.asked && node && name === "image") this.say(`${node.title} is here.`);
    if (this.asked && node && name === "node" && data.state === "failed") this.say(this.graph.named(data.say));
    if (this.asked && name === "error") this.notice(data.say);
    if (name === "done") this.#quote();
  }

  #connected(connected) {
    if (!connected) this.notice("The connection was lost. Trying again…");
    else if (this.#away) this.notice(null);
    this.#away = !connected;
  }

  /** Once for all that changes before the next frame. */
  #redraw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (!this.board) return;
      this.board.update();
      this.toolbar.update();
    });
  }

  #quote() {
    this.quotes.refresh().catch((error) => this.fail(error));
  }

  /** Whether a run is on its way to the server. */
  get sending() {
    return this.outbox.entries.length > 0;
  }

  /** Links to pictures that are in nodes work for minutes: others. */
  async renew() {
    const { pictures } = await this.api.flow(this.flow.id);
    for (const each of Object.values(pictures)) this.links.set(each.id, each.url);
    await this.quotes.refresh();
  }

  /** Make a picture, with what it needs; or all; or another one of the same. */
  async run(node = null, again = false) {
    try {
      if (!(await this.keeper.flush())) return this.notice("It can be made once what you drew is kept.");
      const pictures = this.graph.nodes.some(({ data }) => data.upload);
      if (pictures && !(await this.agreed())) return undefined;
    } catch (error) {
      return this.fail(error);
    }
    this.asked = true;
    this.notice(null);
    this.outbox.send({ node, again });
    return this.say("It is being made.");
  }

  /** Whether the person agrees that their pictures are sent; they are asked when they have not been yet. */
  async agreed() {
    if (!this.me.known) await this.me.refresh();
    return this.me.agreed || consent(this);
  }

  /** Draw the first example. */
  example() {
    basket(this.graph);
    this.#redraw();
    requestAnimationFrame(() => this.board.fit());
  }

  /** The other flows. */
  flows() {
    flowList(this).catch((error) => this.fail(error));
  }

  /** Tell something above the canvas; `null`: nothing. */
  notice(text) {
    this.#line.hidden = !text;
    this.#line.textContent = text ?? "";
  }

  /** Let a screen reader say something. */
  say(text) {
    this.#spoken.textContent = text;
  }

  /** Tell of a problem; of one that ends everything, with a way on. */
  fail(error) {
    if (error instanceof Problem && error.status === 401) return this.start();
    if (this.board?.node.isConnected) return this.notice(error.message);
    return stuck(this, error);
  }

  /** Let go of everything that goes on. */
  stop() {
    for (const part of [this.listener, this.outbox, this.keeper, this.board]) part?.stop();
    this.board = null;
  }
}
