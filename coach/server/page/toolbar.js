/** What can be done with the whole of a flow. */

import { button, h, iconButton } from "./dom.js";
import { dollars } from "./words.js";

const KEPT = { kept: "Saved", open: "Saving…", away: "Waits for the connection" };

export class Toolbar {
  constructor(app) {
    this.app = app;
    const add = (label, type, drawing) => button(label, { onclick: () => app.board.add(type) }, drawing);
    this.undo = iconButton("Undo", "undo", { onclick: () => app.graph.undo() });
    this.play = button("Make all", { class: "primary", onclick: () => app.run() }, "play");
    this.kept = h("span", { class: "soft kept", role: "status" });
    this.worst = h("span", { class: "soft" });
    this.node = h(
      "div",
      { class: "toolbar" },
      h("div", { class: "row", role: "group", "aria-label": "Add" },
        add("Text", "text", "text"),
        add("Picture", "image", "gallery"),
        add("New picture", "transform", "spark"),
      ),
      h("div", { class: "row" }, this.undo, iconButton("Your flows", "sheet", { onclick: () => app.flows() }), this.kept),
      h("div", { class: "row last" }, this.worst, this.play),
    );
  }

  update() {
    const { graph, keeper, results, sending } = this.app;
    const pictures = graph.nodes.filter(({ type }) => type === "transform");
    this.undo.disabled = !graph.undoable;
    this.play.disabled = pictures.length === 0 || sending || pictures.some(({ id }) => results.busy(id));
    this.kept.dataset.state = keeper.state;
    this.kept.textContent = KEPT[keeper.state] ?? `Not saved: ${keeper.problem.message}`;
    this.worst.textContent = price(results.worst(pictures.map(({ id }) => id)));
  }
}

/** What a run costs at worst, in words. */
export function price(micros) {
  if (micros === undefined) return "";
  if (micros === 0) return "Costs nothing";
  return micros === null ? "What it costs is not known" : `At most ${dollars(micros)}`;
}
