/** The moment everything is for: the person says whether it is them. */

import { open } from "./dialogs.js";
import { h, still } from "./dom.js";
import { marked } from "./thumbnail.js";

const ASK = "Is this picture how you see yourself?";
const ACTION = "accept_identity_visualization";
const PETALS = 18;

export const acceptFlow = {
  /** Ask the person about a picture, because they pressed its button. */
  async ask(app, version) {
    if (await question(app, ASK, version)) app.press(ACTION, version);
  },

  /** Ask them what a waiting call asks, when it is about a picture. */
  async asked(app, item) {
    if (item.action !== ACTION) return;
    await app.gallery.refresh().catch(() => {});
    const answered = new AbortController(); // in another tab, or in the talk
    const look = () => item.answer && answered.abort();
    app.story.addEventListener("change", look, { signal: answered.signal });
    const yes = await question(app, item.ask, this.picture(app, item), answered.signal);
    answered.abort();
    if (yes !== undefined) this.answer(app, item, yes);
  },

  /** The picture that a waiting call is about; `null`: it is about something else. */
  picture(app, { action, arguments: given }) {
    if (action !== ACTION) return null;
    const { picture, sheet } = app.story.shown ?? {};
    const version = given.version ?? picture?.version_id ?? sheet?.handles[0];
    return app.gallery.version(version, given.identity_id);
  },

  /** Answer a waiting call. */
  answer(app, item, yes) {
    app.send({ type: "decide", call_id: item.call_id, digest: item.digest, yes });
  },

  /** A picture was accepted just now. */
  async kept(app, item) {
    await app.gallery.refresh().catch(() => {});
    const identity = app.gallery.identity(item.picture.identity_id);
    await open(app.root, { title: "This is you", look: "moment", bare: true }, (close) => [
      h("div", { class: "petals", "aria-hidden": "true" }, ...petals()),
      marked({ src: item.picture.url, alt: "The picture of you that you accepted" }, "halo"),
      h("h2", {}, "This is you"),
      identity && h("p", { class: "name" }, identity.name),
      identity?.statement && h("blockquote", {}, identity.statement),
      h("button", { type: "button", class: "primary", onclick: () => close() }, "Go on"),
    ].filter(Boolean));
  },
};

function question(app, ask, version, gone) {
  return open(app.root, { title: ask, look: "accept", gone }, (close) => [
    version && marked({ src: version.url, alt: "The picture it is about" }),
    h("p", { class: "soft" }, "You can change your mind later: no picture is lost."),
    h(
      "footer",
      {},
      h("button", { type: "button", onclick: () => close(false) }, "Not yet"),
      h("button", { type: "button", class: "primary", onclick: () => close(true) }, "Yes, this is me"),
    ),
  ].filter(Boolean));
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
