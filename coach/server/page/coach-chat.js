/**
 * `<coach-chat>`: the whole page as one element, for our own page and for a host's:
 *
 *     <script type="module" src="https://host/coach/page/coach-chat.js"></script>
 *     <coach-chat base="https://host/coach/" token="…"></coach-chat>
 *
 * `base` is where the application is; left out: where this file came from. `token` is a key; left out: the
 * browser's session. The element fills the height that the host gives it.
 */

import { Api } from "./api.js";
import { App } from "./app.js";
import { h } from "./dom.js";

const HERE = new URL(".", import.meta.url);
const SHEETS = ["base.css", "talk.css", "picture.css", "panel.css", "viewer.css"];

class CoachChat extends HTMLElement {
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
    const app = (this.#app = new App(body, new Api(base.href, this.getAttribute("token"))));
    await this.#dressed(body);
    if (this.#app === app) app.start();
  }

  /** The body, in place once its looks are there. */
  async #dressed(body) {
    const sheets = SHEETS.map((name) => h("link", { rel: "stylesheet", href: new URL(name, HERE).href }));
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

customElements.define("coach-chat", CoachChat);
