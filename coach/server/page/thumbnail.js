/** Pictures that were made, each with its mark. */

import { h, icon } from "./dom.js";
import { likenessOf } from "./words.js";

/** A picture that says what it is. */
export function marked(image, look = "") {
  return h("div", { class: `marked ${look}` }, h("img", image), h("span", { class: "mark" }, "Made with AI"));
}

/**
 * A small picture that opens the large one.
 *
 * @param {() => void} [onclick] What else than opening it large a tap does.
 */
export function thumbnail(app, version, onclick = () => app.view(version)) {
  const accepted = app.gallery.accepted(version.id);
  const { mark, words } = likenessOf(version);
  const label = `${version.handle}: ${accepted ? "the one you accepted" : words}`;
  return h(
    "button",
    { type: "button", class: `thumb ${mark}`, title: label, "aria-label": label, onclick },
    h("img", { src: app.api.thumbnail(version), alt: "", loading: "lazy", decoding: "async" }),
    h("span", { class: "mark" }, "AI"),
    accepted ? icon("heart") : h("i", { class: `likeness ${mark}` }),
  );
}
