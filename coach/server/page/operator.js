/** The operator's page: how it stands, what it costs, what is in doubt; nothing of what anybody said or sees. */

import { Problem } from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { Listing, cut } from "./listing.js";
import { settling } from "./settling.js";
import { Spend } from "./spend.js";
import { tabs } from "./tabs.js";
import { signedIn, stuck } from "./welcome.js";
import { dollars, moment, plain } from "./words.js";

export class OperatorApp {
  #queue = h("dl", { class: "queue" });
  #line = h("p", { class: "line", role: "status", hidden: true });

  /**
   * @param {Element} root Where everything is put, dialogs too.
   * @param {import("./api.js").Api} api
   */
  constructor(root, api) {
    this.root = root;
    this.api = api;
  }

  /** Show everything, to operators. */
  async start() {
    try {
      this.session = await signedIn(this);
      const queue = await this.api.everybody("queue").catch(noneHere);
      this.#show();
      this.#stands(queue);
      await this.refresh();
    } catch (error) {
      this.fail(error);
    }
  }

  #show() {
    this.spend = new Spend(this);
    this.doubts = new Listing(this, "doubts", "Nothing is in doubt.", [
      ["Since", (row) => moment(row.created_at)],
      ["Person", (row) => cut(row.user_id)],
      ["Model", (row) => row.model],
      ["Held", (row) => dollars(row.quote_micros), "number"],
      ["The service's name for it", (row) => row.request_id ?? row.job_id ?? "none"],
      ["", (row) => h("button", { type: "button", class: "small", onclick: () => settling(this, row) }, "Settle")],
    ]);
    this.generations = new Listing(this, "generations", "No picture was asked for yet.", [
      ["Asked for", (row) => moment(row.created_at)],
      ["State", (row) => h("span", { class: `state ${row.state}` }, row.state === "unknown" ? "in doubt" : row.state)],
      ["Person", (row) => cut(row.user_id)],
      ["Model", (row) => row.model],
      ["At most", (row) => dollars(row.quote_micros), "number"],
      ["Cost", (row) => (row.actual_micros === null ? "" : dollars(row.actual_micros)), "number"],
      ["Error", (row) => (row.error_code ? plain(row.error_code) : "")],
    ]);
    this.talks = new Listing(this, "conversations", "Nobody has talked yet.", [
      ["Begun", (row) => moment(row.created_at)],
      ["Last", (row) => moment(row.updated_at)],
      ["Person", (row) => cut(row.user_id)],
      ["Phase", (row) => plain(row.phase)],
      ["Messages", (row) => String(row.messages_made), "number"],
    ]);
    const bar = h(
      "header",
      { class: "bar" },
      h("span", { class: "sign" }, icon("sheet")),
      h("div", { class: "names" }, h("h1", { class: "unseen" }, "Operator")),
      iconButton("Read it again", "again", { class: "plain", onclick: () => this.#again() }),
      tabs(this, "operator"),
    );
    const main = h(
      "main",
      { class: "operator", tabIndex: -1 },
      this.#line,
      section("In front of the picture service", "In this process, just now.", this.#queue),
      section("In doubt", "These may have been charged, and what they may cost is held until somebody settles it.", this.doubts.node),
      section("What it costs", null, this.spend.node),
      section("Pictures", "Every picture that was asked for, the newest first.", this.generations.node),
      section("Conversations", "Without their words.", this.talks.node),
    );
    this.root.replaceChildren(bar, main);
  }

  #stands(queue) {
    const facts = queue
      ? [
          ["Being made", queue.in_flight],
          ["Waiting", queue.waiting],
          ["The next may go", queue.paused_for > 0 ? `in ${Math.ceil(queue.paused_for)} s` : "now"],
          ["The service", queue.down_for > 0 ? `is down, tried again in ${Math.ceil(queue.down_for)} s` : "answers"],
        ]
      : [["The service", "is not set up: no action here makes pictures"]];
    this.#queue.replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))));
  }

  /** Read everything anew. */
  async refresh() {
    await Promise.all([this.spend, this.doubts, this.generations, this.talks].map((each) => each.refresh()));
  }

  async #again() {
    try {
      this.#stands(await this.api.everybody("queue").catch(noneHere));
      await this.refresh();
      this.notice(null);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Tell something above everything; `null`: nothing. */
  notice(text) {
    this.#line.hidden = !text;
    this.#line.textContent = text ?? "";
  }

  /** Tell of a problem; of one that ends everything, with a way on. */
  fail(error) {
    if (error instanceof Problem && error.status === 401) return this.start();
    if (error instanceof Problem && error.status === 403) return this.#closed();
    if (this.#line.isConnected) return this.notice(error.message);
    return stuck(this, error);
  }

  #closed() {
    this.root.replaceChildren(
      h(
        "main",
        { class: "welcome" },
        h("h1", {}, "This page is for operators"),
        h("p", {}, "You are signed in as somebody who talks with the coach. Your own costs are beside your talk."),
        tabs(this, "operator"),
      ),
    );
  }

  stop() {}
}

/** Without a picture service there is no queue. */
function noneHere(error) {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}

function section(title, words, ...content) {
  return h("section", {}, h("h2", {}, title), words && h("p", { class: "soft" }, words), ...content);
}
