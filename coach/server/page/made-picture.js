/** A picture of a node: while it is drawn, when it is there, and what one can do with it. */

import { save } from "./account.js";
import { open } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { renewed } from "./events.js";
import { Layers } from "./layers.js";
import { dollars, span } from "./words.js";
import { Zoom } from "./zoom.js";

/** How blurred the previews are, by their index. */
const BLUR = [3, 2, 1];

export class MadePicture {
  #layers = new Layers();
  #shown = null;
  #clock = null;

  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.veil = h("div", { class: "veil" }, h("p"), h("p", { class: "soft" }));
    this.large = h("button", { type: "button", class: "large", "aria-label": "Look at it large", onclick: () => this.#open() });
    this.mark = h("span", { class: "mark" }, "Made with AI");
    this.frame = h("div", { class: "frame" }, this.#layers.node, this.large, this.mark, this.veil);
    this.about = h("p", { class: "soft" });
    const again = () => app.run(id, true);
    this.tools = h(
      "div",
      { class: "row" },
      button("Download", { class: "small", onclick: () => this.#download() }, "save"),
      (this.again = button("Regenerate", { class: "small", onclick: again }, "again")),
    );
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.node = h("div", { class: "made" }, this.frame, this.about, this.tools, this.trouble);
  }

  get #picture() {
    return this.app.results.of(this.id).made?.pictures[0] ?? null;
  }

  update() {
    const result = this.app.results.of(this.id);
    const drawing = ["running", "waiting"].includes(result.state);
    const picture = this.#picture;
    this.frame.hidden = !picture && !drawing;
    this.frame.classList.toggle("drawing", drawing);
    this.veil.hidden = !drawing;
    this.large.hidden = this.mark.hidden = drawing || !picture;
    this.tools.hidden = drawing || !picture;
    this.again.disabled = this.app.sending || this.app.results.busy(this.id);
    this.#tick(drawing, result);
    if (drawing && result.preview) this.#preview(result.preview);
    else if (picture) this.#final(picture);
    this.about.textContent = drawing ? "" : this.#facts(result);
  }

  #tick(drawing, { state, text, began }) {
    const [words, more] = this.veil.children;
    const passed = began ? ` ${Math.round((Date.now() - began) / 1000)} s` : "";
    words.textContent = state === "waiting" ? "Waits for its turn…" : `Drawing…${passed}`;
    more.textContent = text ?? "";
    if (drawing && state === "running") this.#clock ??= setInterval(() => this.update(), 1000);
    else this.stop();
  }

  #preview({ url, index, seq }) {
    if (url === this.#shown) return;
    this.#shown = url;
    const { api, flow } = this.app;
    const renew = () => renewed((...given) => api.flowEvents(flow.id, ...given), seq);
    this.#layers.show(url, { blur: BLUR[Math.min(index, 2)], live: true, renew });
  }

  #final({ version_id, url, width, height }) {
    if (version_id === this.#shown) return;
    this.#shown = version_id;
    this.frame.style.setProperty("--shape", `${width} / ${height}`);
    const alt = `${this.app.graph.node(this.id)?.title}, made by an AI`;
    this.#layers.show(url, { alt, live: Boolean(this.app.asked), size: [width, height], renew: () => this.#renew() });
  }

  /** A link works for minutes: the quote has another one for what is there. */
  async #renew() {
    await this.app.renew();
    const { pictures = [] } = this.app.results.quote(this.id) ?? {};
    return pictures.find(({ version_id }) => version_id === this.#shown)?.url ?? null;
  }

  #facts({ made, state }) {
    if (!made) return "";
    const stale = this.app.results.quote(this.id)?.cached === false;
    const { actual_micros: micros, seconds, cached } = made;
    if (stale && state !== "failed") return "What it is made of has changed since.";
    if (cached) return "It was there already: nothing was paid.";
    const words = [`It cost ${dollars(micros)}`, seconds && `and took ${span(seconds)}`].filter(Boolean).join(" ");
    return `${words}. Another one costs about as much.`;
  }

  #open() {
    const picture = this.#picture;
    open(this.app.root, { title: "The picture, large", look: "viewer", bare: true }, (close) => {
      const zoom = new Zoom(h("img", { src: picture.url, alt: "The picture, large", draggable: false }));
      const mark = h("span", { class: "mark" }, "Made with AI");
      const shut = iconButton("Close", "close", { class: "shut", onclick: () => close() });
      return [h("div", { class: "room only" }, shut, h("div", { class: "stage" }, zoom.node, zoom.buttons, mark))];
    });
  }

  async #download() {
    this.trouble.textContent = "";
    const { version_id, handle } = this.#picture;
    try {
      const blob = await this.app.api.picture(version_id);
      save(blob, `${handle}.${blob.type.split("/")[1] ?? "png"}`);
    } catch (error) {
      this.trouble.textContent = error.message;
    }
  }

  stop() {
    clearInterval(this.#clock);
    this.#clock = null;
  }
}
