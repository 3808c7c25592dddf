/** How a picture was made, as it is written down and as the file says itself. */

import { h } from "./dom.js";

const KINDS = { photo: "your photo", version: "a picture from before", mask: "the part you marked", upload: "a picture" };

/** @param {object} told What `GET /versions/{id}/provenance/` gives. */
export function made({ made_with, made_from, wish, changed, says, sha256 }) {
  const from = [...new Set(made_from.map(({ kind }) => KINDS[kind] ?? kind))];
  const facts = [
    ["Made with", made_with],
    ["Made from", from.join(", ")],
    ["You wished", wish],
    ["It differs", changed.join(" ")],
    ...says.map((each) => [each.what, each.says]),
    ["File", `${sha256.slice(0, 16)}…`],
  ];
  return h("dl", {}, ...facts.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
