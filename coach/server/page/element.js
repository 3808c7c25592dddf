/** An element that shows the application of its `base`, with its looks, and ends with it. */

import { Api } from "./api.js";
import { h } from "./dom.js";

const HERE = new URL(".", import.meta.url);

/** The looks that all of them have, before their own. */
const SHARED = ["base.css", "dialog.css", "talk.css", "write.css"];

/** A class below says what it shows: `sheets`, the files of its own looks, and `make(root, api)`. */
export class CoachElement extends HTMLElement {
  static observedAttributes = ["base", "token"];

  #app = null;

  connectedCallback() {
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
    this.#begin();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback() {
    if (!this.#app) return;
    this.#end();
    this.#begin();
  }

  async #begin() {
    const base = new URL(this.getAttribute("base") ?? new URL("..", HERE).href, document.baseURI);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    const body = h("div", { class: "coach" });
    const app = (this.#app = this.make(body, new Api(base.href, this.getAttribute("token"))));
    await this.#dressed(body);
    if (this.#app === app) app.start();
  }

  /** The body, in place once its looks are there. */
  async #dressed(body) {
    const looks = [...SHARED, ...this.sheets].map((name) => new URL(name, HERE).href);
    const sheets = looks.map((href) => h("link", { rel: "stylesheet", href }));
    const loaded = sheets.map(
      (sheet) => new Promise((resolve) => ["load", "error"].forEach((name) => sheet.addEventListener(name, resolve))),
    );
    this.shadowRoot.replaceChildren(...sheets);
    await Promise.all(loaded);
    this.shadowRoot.append(body);
  }

  #end() {
    this.#app?.stop();
    this.#app = null;
  }
}
