/** What is beside the talk: photos, identities with their pictures, costs, and what one may do with one's data. */

import { Account } from "./account.js";
import { h, iconButton } from "./dom.js";
import { Photos } from "./photos.js";
import { thumbnail } from "./thumbnail.js";

/** Pixels from which on there is room for it beside the talk. */
const WIDE = 1000;

export class Panel {
  #list = h("div", { class: "identities" });

  constructor(app) {
    this.app = app;
    this.photos = new Photos(app);
    this.account = new Account(app);
    this.photos.onadd = () => this.dialog.close();
    this.inside = h(
      "div",
      { class: "panel" },
      h("section", {}, h("h2", {}, "Your photos"), this.photos.node),
      h("section", {}, h("h2", {}, "Who you are"), this.#list),
      this.account.node,
    );
    this.dialog = h(
      "dialog",
      { class: "drawer", "aria-label": "Your pictures and photos" },
      iconButton("Close", "close", { class: "plain", onclick: () => this.dialog.close() }),
    );
    this.node = h("aside", { "aria-label": "Your pictures and photos" }, this.dialog);
    this.#sized.observe(app.root);
    app.gallery.addEventListener("change", this.#show);
    this.#show();
  }

  /** Beside the talk where there is room, else in a drawer. */
  #sized = new ResizeObserver(([entry]) => {
    const wide = entry.contentRect.width >= WIDE;
    const place = wide ? this.node : this.dialog;
    if (this.inside.parentElement === place) return;
    if (wide) this.dialog.close();
    place.append(this.inside);
  });

  /** Open the drawer. */
  open() {
    this.dialog.showModal();
    // Links to pictures work for minutes.
    for (const kept of [this.app.me, this.app.gallery]) kept.refresh().catch(() => {});
  }

  #show = () => {
    const identities = this.app.gallery.value;
    this.#list.replaceChildren(...identities.map((each) => this.#identity(each)));
    if (identities.length === 0) {
      this.#list.append(h("p", { class: "soft" }, "Here is where your identities and their pictures will be."));
    }
  };

  #identity({ id, name, statement, current }) {
    const images = this.app.gallery.candidates(id);
    return h(
      "article",
      { class: current ? "identity current" : "identity" },
      h("h3", {}, name),
      statement && h("blockquote", {}, statement),
      images.length > 0 && h("div", { class: "thumbs" }, ...images.map((each) => thumbnail(this.app, each))),
    );
  }

  stop() {
    this.#sized.disconnect();
    this.photos.stop();
    this.account.stop();
    this.app.gallery.removeEventListener("change", this.#show);
  }
}
