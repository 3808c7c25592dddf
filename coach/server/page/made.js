/** How a picture was made, as its provenance tells it. */

import { h } from "./dom.js";
import { plain } from "./words.js";

/** What the server knows of how a picture was made, in lines. */
export function made(provenance) {
  const lines = Object.entries(provenance).filter(([, value]) => value !== null && typeof value !== "object");
  return h("dl", {}, ...lines.flatMap(([name, value]) => [h("dt", {}, plain(name)), h("dd", {}, String(value))]));
}
