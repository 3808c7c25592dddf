/** A node with a picture that is there: chosen, dropped or pasted. */

import { button, h } from "./dom.js";
import { FILES, smaller } from "./intake.js";

export class ImageBody {
  #shown = null;

  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.picture = h("img", { alt: "", hidden: true, draggable: false, onerror: () => this.#renew() });
    this.say = h("p", { class: "soft" });
    this.file = h("input", {
      type: "file",
      accept: FILES,
      hidden: true,
      "aria-label": "A picture",
      onchange: () => this.take([...this.file.files]),
    });
    this.choose = button("Choose a picture", { class: "small", onclick: () => this.file.click() }, "upload");
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.place = h("div", { class: "place" }, this.picture, this.say, this.choose);
    this.parts = [this.place, this.trouble, this.file];
  }

  /** Take the first of some files. */
  async take([file]) {
    this.file.value = "";
    this.trouble.textContent = "";
    try {
      if (!file || !(await this.app.agreed())) return;
      this.say.textContent = "It is being read…";
      const { upload, url } = await this.app.api.upload(this.app.flow.id, await smaller(file));
      this.app.links.set(upload, url);
      this.app.graph.fill(this.id, { upload });
    } catch (error) {
      this.trouble.textContent = error.message;
    }
    this.update(this.app.graph.node(this.id));
  }

  update({ data }) {
    const wanted = data.upload ?? data.version;
    const there = this.app.links.get(wanted);
    if (there && this.#shown !== there) this.picture.src = this.#shown = there;
    this.picture.hidden = !there;
    this.say.textContent = wanted ? (there ? "" : "This picture is not there any more.") : "or drop one here, or paste it";
    this.choose.lastChild.textContent = wanted ? "Another picture" : "Choose a picture";
    this.place.classList.toggle("filled", Boolean(there));
    this.words = there ? "a picture" : "no picture yet";
  }

  #renew() {
    if (this.#shown) this.app.renew().then(() => this.update(this.app.graph.node(this.id)), () => {});
  }
}
