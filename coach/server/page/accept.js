/** The moment everything is for: the person says whether it is them. */

import { open } from "./dialogs.js";
import { h, still } from "./dom.js";
import { termsOf } from "./terms.js";
import { marked } from "./thumbnail.js";

const ASK = "Is this picture how you see yourself?";
const ACTION = "accept_identity_visualization";
const PETALS = 18;

/** Ask the person about a picture, because they pressed its button. */
export async function askAbout(app, version) {
  if (await question(app, ASK, version)) app.press(ACTION, version);
}

/** Ask them what a waiting call asks, when it is about a picture. */
export async function asked(app, item) {
  if (item.action !== ACTION) return;
  await app.gallery.refresh().catch(() => {});
  const over = new AbortController(); // answered in another tab, or in the talk
  app.story.addEventListener("change", () => item.answer && over.abort(), { signal: over.signal });
  const yes = await question(app, item.ask, pictureAsked(app, item), { gone: over.signal, terms: termsOf(item) });
  over.abort();
  if (yes !== undefined) answer(app, item, yes);
}

/** The picture that a waiting call is about; `null`: it is about something else. */
export function pictureAsked(app, { action, arguments: given }) {
  if (action !== ACTION) return null;
  const { picture, sheet } = app.story.shown ?? {};
  return app.gallery.version(given.version ?? picture?.version_id ?? sheet?.handles[0], given.identity_id);
}

/** Answer a waiting call. */
export function answer(app, { call_id, digest }, yes) {
  app.send({ type: "decide", call_id, digest, yes });
}

/** They accepted a picture just now. */
export async function celebrate(app, { picture }) {
  await app.gallery.refresh().catch(() => {});
  const identity = app.gallery.identity(picture.identity_id);
  await open(app.root, { title: "This is you", look: "moment", bare: true }, (close) => [
    h("div", { class: "petals", "aria-hidden": "true" }, ...petals()),
    marked({ src: picture.url, alt: "The picture of you that you accepted" }, "halo"),
    h("h2", {}, "This is you"),
    identity && h("p", { class: "name" }, identity.name),
    identity?.statement && h("blockquote", {}, identity.statement),
    h("button", { type: "button", class: "primary", onclick: () => close() }, "Go on"),
  ]);
}

function question(app, ask, version, { gone, terms } = {}) {
  return open(app.root, { title: ask, look: "accept", gone }, (close) => [
    version && marked({ src: version.url, alt: "The picture it is about" }),
    h("p", { class: "soft" }, "You can change your mind later: no picture is lost."),
    terms,
    h(
      "footer",
      {},
      h("button", { type: "button", onclick: () => close(false) }, "Not yet"),
      h("button", { type: "button", class: "primary", onclick: () => close(true) }, "Yes, this is me"),
    ),
  ]);
}

function petals() {
  if (still()) return [];
  return Array.from({ length: PETALS }, (_, index) => {
    const petal = h("i");
    // Spread evenly, with a little disorder that is the same each time.
    petal.style.setProperty("--x", `${((index * 61) % 100) - 2}%`);
    petal.style.setProperty("--wait", `${((index * 37) % 100) / 40}s`);
    petal.style.setProperty("--turn", `${(index * 83) % 360}deg`);
    return petal;
  });
}
