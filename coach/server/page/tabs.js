/** The pages of the application, where it is not a host's page that the element is in. */

import { h } from "./dom.js";

const PAGES = [
  ["talk", "Talk", ""],
  ["flow", "Canvas", "page/flow.html"],
  ["operator", "Operator", "page/operator.html"],
];

/** Links to the pages; `here` is the one that is open. */
export function tabs(app, here) {
  const { api, session } = app;
  if (api.token) return null;
  const links = PAGES.filter(([name]) => name !== "operator" || session.operator).map(([name, words, path]) =>
    h("a", { href: new URL(path, api.base).href, "aria-current": name === here ? "page" : null }, words),
  );
  return h("nav", { class: "tabs", "aria-label": "Pages" }, ...links);
}
