/** A node with a picture that is made: of what, how, at what cost, and the picture. */

import { Choices } from "./choices.js";
import { button, h } from "./dom.js";
import { MadePicture } from "./made-picture.js";
import { Sources } from "./sources.js";
import { words } from "./text-body.js";
import { price } from "./toolbar.js";

const MODES = {
  generate: "Drawn from words",
  edit: "One picture, changed",
  compose: "Several pictures, combined",
  inpaint: "The marked part, changed",
  high_fidelity: "Faces and details kept",
  transparent: "Without a background",
};

const STATES = { waiting: "waits", running: "is being made", cached: "is there", done: "is there", failed: "failed" };

export class TransformBody {
  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.field = words("Instructions", "What to show, or what to change", (instructions) =>
      app.graph.fill(id, { instructions }),
    );
    this.sources = new Sources(app, id);
    this.choices = new Choices((data) => app.graph.fill(id, data));
    this.mode = h("p", { class: "mode" });
    this.why = h("ul", {});
    this.reasons = h("details", {}, h("summary", {}, "Why this way"), this.why);
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.play = button("Make it", { class: "primary", onclick: () => app.run(id) }, "play");
    this.cost = h("span", { class: "soft" });
    this.made = new MadePicture(app, id);
    this.parts = [
      h("span", { class: "into", "aria-hidden": "true" }),
      this.field,
      this.sources.node,
      this.choices.node,
      h("div", { class: "plan" }, this.mode, this.reasons, this.trouble, h("div", { class: "row" }, this.play, this.cost)),
      this.made.node,
    ];
  }

  update({ data }) {
    const { results, graph } = this.app;
    const [quote, result] = [results.quote(this.id), results.of(this.id)];
    if (this.field.value !== data.instructions) this.field.value = data.instructions;
    this.sources.update(quote?.references ?? []);
    this.choices.show(data);
    this.#plan(quote, result);
    this.cost.textContent = quote?.error ? "" : price(results.worst(graph.needed(this.id)));
    this.play.classList.toggle("primary", !quote?.cached);
    this.play.disabled = this.app.sending || results.busy(this.id) || Boolean(quote?.error);
    this.made.update();
    this.words = [STATES[result.state] ?? (quote?.cached ? "is there" : "not made yet"), data.instructions.slice(0, 80)]
      .filter(Boolean)
      .join(". ");
  }

  #plan(quote, result) {
    const said = quote?.why ?? [];
    this.mode.textContent = quote?.mode ? MODES[quote.mode] : "";
    this.mode.hidden = !quote?.mode;
    this.reasons.hidden = said.length === 0;
    if (this.why.textContent !== said.join("")) this.why.replaceChildren(...said.map((each) => h("li", {}, each)));
    const failed = result.state === "failed" ? result.say : null;
    const trouble = this.app.graph.named(failed ?? quote?.error?.say ?? "");
    if (this.trouble.textContent !== trouble) this.trouble.textContent = trouble;
    this.trouble.classList.toggle("soft", !failed);
  }

  stop() {
    this.made.stop();
  }
}
