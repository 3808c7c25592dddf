/** A long list as a table, a page at a time. */

import { h } from "./dom.js";

export class Listing {
  #next = null;

  /**
   * @param {string} what The list's name in the API.
   * @param {string} none What is said when there is nothing in it.
   * @param {[string, (row: object) => Node|string, string?][]} columns Heading, content, and how it looks.
   */
  constructor(app, what, none, columns) {
    Object.assign(this, { app, what, columns });
    this.none = h("p", { class: "soft" }, none);
    this.rows = h("tbody");
    const heads = columns.map(([name, , look]) => (name ? h("th", { scope: "col", class: look ?? "" }, name) : h("td")));
    this.scroll = h(
      "div",
      { class: "table", tabIndex: 0, role: "region", "aria-label": what },
      h("table", {}, h("thead", {}, h("tr", {}, ...heads)), this.rows),
    );
    this.more = h("button", { type: "button", class: "small", onclick: () => this.#older() }, "Show older ones");
    this.node = h("div", { class: "listing" }, this.none, this.scroll, this.more);
    this.#put([], true);
  }

  /** Read it from the beginning. */
  async refresh() {
    const { items, next } = await this.app.api.everybody(this.what);
    this.#next = next;
    this.#put(items, true);
  }

  async #older() {
    try {
      const { items, next } = await this.app.api.everybody(this.what, { after: this.#next });
      this.#next = next;
      this.#put(items, false);
    } catch (error) {
      this.app.fail(error);
    }
  }

  #put(items, anew) {
    const rows = items.map((row) => h("tr", {}, ...this.columns.map(([, of, look]) => h("td", { class: look ?? "" }, of(row)))));
    if (anew) this.rows.replaceChildren(...rows);
    else this.rows.append(...rows);
    this.none.hidden = this.rows.children.length > 0;
    this.scroll.hidden = !this.none.hidden;
    this.more.hidden = this.#next === null;
  }
}

/** A long name, short; all of it when one points at it. */
export const cut = (name) => h("span", { title: name }, name.length > 14 ? `${name.slice(0, 12)}…` : name || "–");
