/** What exactly a yes is to: the text that is sent, with which pictures, and the most it costs. */

import { h } from "./dom.js";
import { dollars } from "./words.js";

const CENT = 10_000;

/** The terms of a waiting call, to be shown with its question; `null`: there are none. */
export function termsOf({ terms }) {
  if (!terms) return null;
  const { micros, model, pictures, prompt } = terms;
  // Rounded up: it is the most.
  const most = dollars(typeof micros === "number" ? Math.ceil(micros / CENT) * CENT : null);
  if (!prompt) return h("p", { class: "terms" }, `It costs at most ${most}.`);
  const along = pictures.map(({ name, sha256, url }) =>
    url ? h("img", { src: url, alt: name, title: `${name}, SHA-256 ${sha256}` }) : h("small", {}, name),
  );
  return h(
    "details",
    { class: "terms", open: true },
    h("summary", {}, `It costs at most ${most}. This text is sent to ${model}, exactly as it is`),
    h("div", { class: "prompt" }, prompt),
    h("div", { class: "along" }, ...along),
  );
}
