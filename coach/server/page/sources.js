/** What a new picture is made of: what goes into it, and the pictures among that. */

import { h, iconButton } from "./dom.js";

export class Sources {
  #images = new Map();

  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.title = h("h3", {}, "");
    this.thumbs = h("ul", { class: "refs" });
    this.list = h("ul", { class: "sources", "aria-label": "Made of" });
    this.choose = h("select", { "aria-label": "Connect from…", onchange: () => this.#connect() });
    this.node = h("div", { class: "made-of" }, this.title, this.thumbs, this.list, this.choose);
  }

  /** @param {{id: string, url: string}[]} references The pictures that are there by now. */
  update(references) {
    const { graph } = this.app;
    this.title.textContent = `Reference images (${references.length})`;
    this.title.hidden = references.length === 0;
    this.#pictures(references);
    const into = graph.into(this.id);
    const key = JSON.stringify(into.map(({ id, title }) => [id, title]));
    if (key !== this.list.dataset.key) this.list.replaceChildren(...into.map((each) => this.#one(each)));
    this.list.dataset.key = key;
    this.#offer(graph.nodes.filter(({ id }) => !graph.hindrance(id, this.id)));
  }

  /** A picture that is shown already is not loaded again. */
  #pictures(references) {
    const images = references.map(({ id, url }, index) => {
      if (!this.#images.has(id)) this.#images.set(id, h("img", { src: url, draggable: false, onerror: () => this.#renew(id) }));
      const image = this.#images.get(id);
      image.dataset.url = url;
      image.alt = `Reference ${index + 1}`;
      return image;
    });
    const shown = [...this.thumbs.querySelectorAll("img")];
    if (images.length === shown.length && images.every((each, index) => each === shown[index])) return;
    this.thumbs.replaceChildren(...images.map((each) => h("li", {}, each)));
  }

  /** Its link has ended: the next quote brings another. */
  async #renew(id) {
    const image = this.#images.get(id);
    if (image.dataset.url === image.src) await this.app.renew().catch(() => {});
    if (image.dataset.url !== image.src) image.src = image.dataset.url;
  }

  #one({ id, title }) {
    const undo = () => this.app.graph.disconnect(id, this.id);
    return h("li", {}, h("span", {}, title), iconButton(`Disconnect ${title}`, "close", { class: "plain", onclick: undo }));
  }

  #offer(able) {
    const key = JSON.stringify(able.map(({ id, title }) => [id, title]));
    this.choose.hidden = able.length === 0;
    if (key === this.choose.dataset.key) return;
    this.choose.dataset.key = key;
    this.choose.replaceChildren(
      h("option", { value: "" }, "Connect from…"),
      ...able.map(({ id, title }) => h("option", { value: id }, title)),
    );
  }

  #connect() {
    const from = this.choose.value;
    this.choose.value = "";
    if (from) this.app.board.connecting.connect(from, this.id);
  }
}
