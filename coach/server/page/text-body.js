/** A node of words. */

import { h } from "./dom.js";

/** A field for words that is as tall as they are. */
export function words(label, placeholder, write) {
  return h("textarea", { rows: 3, placeholder, "aria-label": label, oninput: (event) => write(event.target.value) });
}

export class TextBody {
  constructor(app, id) {
    this.field = words("Words", "Words for the pictures that it goes into", (text) => app.graph.fill(id, { text }));
    this.parts = [this.field];
  }

  update({ data }) {
    if (this.field.value !== data.text) this.field.value = data.text;
    this.words = data.text.slice(0, 80) || "no words yet";
  }
}
