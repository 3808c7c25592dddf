/** What pictures cost and hold, by day, person, tenant or model. */

import { h } from "./dom.js";
import { cut } from "./listing.js";
import { dollars } from "./words.js";

const BY = [
  ["day", "By day"],
  ["person", "By person"],
  ["tenant", "By tenant"],
  ["model", "By model"],
];

export class Spend {
  #by = "day";

  constructor(app) {
    this.app = app;
    this.choices = BY.map(([by, words]) =>
      h("button", { type: "button", class: "small", onclick: () => this.#choose(by), "data-by": by }, words),
    );
    this.rows = h("tbody");
    const heads = ["", "Spent", "", "Pictures", "Being made", "In doubt", "Without a price"];
    this.table = h(
      "div",
      { class: "table", tabIndex: 0, role: "region", "aria-label": "spend" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...heads.map((name) => (name ? h("th", { scope: "col", class: "number" }, name) : h("td"))))),
        this.rows,
      ),
    );
    this.sum = h("p", { class: "soft" });
    const by = h("div", { class: "row", role: "group", "aria-label": "What makes a line" }, ...this.choices);
    this.node = h("div", { class: "listing" }, by, this.table, this.sum);
  }

  async #choose(by) {
    this.#by = by;
    await this.refresh().catch((error) => this.app.fail(error));
  }

  /** Read all of it: every line, that the bars are to one scale. */
  async refresh() {
    const lines = [];
    for (let after = null; ; ) {
      const page = await this.app.api.everybody("spend", { by: this.#by, ...(after !== null && { after }) });
      lines.push(...page.items);
      after = page.next;
      if (after === null) break;
    }
    this.#put(this.#by === "day" ? lines.reverse() : lines.sort((one, other) => other.spent_micros - one.spent_micros));
  }

  #put(lines) {
    for (const each of this.choices) each.setAttribute("aria-pressed", String(each.dataset.by === this.#by));
    const most = Math.max(1, ...lines.map(({ spent_micros }) => spent_micros));
    const sum = lines.reduce((all, { spent_micros }) => all + spent_micros, 0);
    this.rows.replaceChildren(...lines.map((line) => row(line, most)));
    this.table.hidden = lines.length === 0;
    this.sum.textContent = lines.length ? `${dollars(sum)} in all.` : "Nothing was spent yet.";
  }
}

function row(line, most) {
  const bar = h("i", { class: "bar-of", "aria-hidden": "true" });
  bar.style.setProperty("--part", line.spent_micros / most);
  const money = (micros) => (micros ? dollars(micros) : "–");
  const cells = [
    h("th", { scope: "row" }, cut(line.of)),
    h("td", { class: "number" }, dollars(line.spent_micros)),
    h("td", { class: "bars" }, bar),
    ...[String(line.pictures), money(line.held_micros), money(line.doubt_micros), String(line.unpriced || "–")].map((words) =>
      h("td", { class: "number" }, words),
    ),
  ];
  return h("tr", {}, ...cells);
}
