/** The conversation, as one reads it. */

import { answer, pictureAsked } from "./accept.js";
import { button, h, icon, iconButton, still } from "./dom.js";
import { PictureCard } from "./picture.js";
import { termsOf } from "./terms.js";
import { thumbnail } from "./thumbnail.js";
import { doing, moment, plain, pressed } from "./words.js";

/** Pixels from the end within which one counts as being there. */
const NEAR = 120;

/** Pixels above a picture that comes. */
const MARGIN = 16;

export class Talk {
  #views = new Map();
  #changes = new Set();
  #soon = null;
  #last = null;
  #list = h("ol", { class: "items" });
  #pending = h("ol", { class: "items" });
  #busy = h("p", { class: "busy", hidden: true }, h("i"), h("i"), h("i"), h("span"));
  #follows = true;
  #anchor = null;
  #shown = null;

  constructor(app) {
    this.app = app;
    this.log = h(
      "section",
      { class: "log past", tabIndex: 0, "aria-label": "Conversation", onscroll: () => this.#scrolled() },
      h("p", { class: "soft about" }, "You talk with an AI. It can be wrong; what is true about you, you know best."),
      this.#list,
      this.#pending,
      this.#busy,
    );
    const go = () => this.toEnd();
    this.down = iconButton("To the newest", "down", { class: "down", hidden: true, onclick: go });
    this.node = h("div", { class: "talk" }, this.log, this.down);
    app.story.addEventListener("change", ({ detail }) => this.#changed(detail));
    app.outbox.addEventListener("change", () => this.#waiting());
    app.gallery.addEventListener("change", this.#gallery);
    this.#growing.observe(this.#list);
    this.#waiting();
  }

  #growing = new ResizeObserver(() => this.#follows && this.#jump());

  #gallery = () => {
    for (const view of this.#views.values()) view.refresh?.();
  };

  /** What came together is shown together: a long past is thousands of events, and one look. */
  #changed(item) {
    if (item) this.#changes.add(item);
    this.#soon ??= setTimeout(() => this.#catchUp());
  }

  #catchUp() {
    clearTimeout(this.#soon);
    this.#soon = null;
    const changes = [...this.#changes];
    this.#changes.clear();
    for (const item of changes) this.#show(item);
    this.#talkedAbout();
    if (!this.app.story.live) return; // the past is looked at once, when it is all there
    const drawn = changes.findLast((item) => item.draws && item.state === "running");
    if (drawn) this.#anchor = this.#views.get(drawn).node;
    this.#waiting();
    if (this.#follows) this.#jump();
  }

  #show(item) {
    if (!this.#views.has(item)) {
      this.#views.set(item, viewOf(this.app, item));
      this.#list.append(this.#views.get(item).node);
      if (this.#last?.kind === "trouble") this.#views.get(this.#last).update();
      this.#last = item;
    }
    this.#views.get(item).update();
  }

  /** What one may do with a picture stands beneath the one that is talked about, and no more beneath the one before. */
  #talkedAbout() {
    const { shown } = this.app.story;
    if (shown === this.#shown) return;
    this.#views.get(this.#shown)?.refresh();
    this.#shown = shown;
  }

  /** What the person said that is not in the conversation yet. */
  #waiting() {
    const waits = this.app.outbox.entries.filter((entry) => !(entry.seq <= this.app.story.seen));
    const said = waits.map(({ did }) => did.text ?? did.arguments?.change).filter(Boolean);
    this.#pending.replaceChildren(...said.map((text) => h("li", { class: "you waits" }, h("p", {}, text))));
    this.#say();
  }

  /** That something goes on, where nothing else shows it. */
  #say() {
    const { story, outbox } = this.app;
    const last = story.items.at(-1);
    const shown = last?.state === "running" && last.draws;
    const speaks = last?.kind === "coach" && last.open;
    const going = story.running > 0 || outbox.entries.some((entry) => entry.seq !== undefined);
    this.#busy.hidden = !going || shown || speaks;
    this.#busy.lastChild.textContent = last?.state === "running" ? last.text || doing(last.action) : "";
  }

  /** A turn that the server did not take. */
  refused({ entry, problem }) {
    if (entry.did.type === "say") this.app.composer.giveBack(entry.did.text);
    this.app.fail(problem);
  }

  /** The past has been shown: from now on one looks on. */
  settled() {
    this.#catchUp();
    this.log.classList.remove("past");
    this.#waiting();
    this.#jump();
  }

  /** To the newest, where one follows. */
  toEnd() {
    this.#follows = true;
    this.#anchor = null;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: still() ? "auto" : "smooth" });
  }

  /** To the end; but not past a picture that comes, which is to be seen whole. */
  #jump() {
    this.log.scrollTop = Math.min(this.#most, this.log.scrollHeight);
  }

  get #most() {
    return this.#anchor ? this.#anchor.offsetTop - MARGIN : Infinity;
  }

  #scrolled() {
    const below = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight;
    this.#follows = below < NEAR;
    this.down.hidden = this.#follows || Math.abs(this.log.scrollTop - this.#most) < MARGIN;
  }

  stop() {
    this.app.gallery.removeEventListener("change", this.#gallery);
    this.#growing.disconnect();
    clearTimeout(this.#soon);
    for (const view of this.#views.values()) view.stop?.();
  }
}

function viewOf(app, item) {
  switch (item.kind) {
    case "you":
      return plainView("you", () => [item.about && h("small", {}, `About ${item.about}`), h("p", {}, item.text)]);
    case "did":
      return plainView("quiet", () => [h("p", {}, pressed(item))]);
    case "coach":
      return speech(item);
    case "ask":
      return question(app, item);
    case "trouble":
      return trouble(app, item);
    default:
      return new PictureCard(app, item);
  }
}

function plainView(look, content) {
  const node = h("li", { class: look }, ...content());
  return { node, update: () => {} };
}

function speech(item) {
  const text = document.createTextNode("");
  const node = h("li", { class: "coach-says" }, h("p", {}, text));
  const update = () => {
    // Only what is new is added, so that a selection stays.
    if (item.text.startsWith(text.data)) text.appendData(item.text.slice(text.data.length));
    else text.data = item.text;
  };
  return { node, update };
}

function question(app, item) {
  const node = h("li", { class: "ask" });
  const left = () => new Date(item.expires_at) - Date.now();
  const update = () => node.replaceChildren(about(app, item), ...answers(app, item, left() > 0));
  const timer = setTimeout(update, Math.min(left() + 500, 2 ** 31 - 1)); // no browser waits longer
  return { node, update, refresh: update, stop: () => clearTimeout(timer) };
}

/** What is asked, with the picture it is about, or what else it is about. */
function about(app, item) {
  const picture = pictureAsked(app, item);
  const given = Object.entries(picture ? {} : item.arguments).filter(([, value]) => value !== null);
  const lines = given.flatMap(([name, value]) => [
    h("dt", {}, plain(name)),
    h("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  const words = h("div", {}, h("p", {}, item.ask), h("dl", { hidden: lines.length === 0 }, ...lines));
  const what = h("div", { class: "about-what" }, picture && thumbnail(app, picture), words);
  return h("div", {}, what, termsOf(item));
}

function answers(app, item, inTime) {
  if (item.answer === "withdrawn") return [h("p", { class: "soft" }, "This was asked once more, below.")];
  if (item.answer) return [h("p", { class: "soft" }, `You said ${item.answer}.`)];
  if (!inTime) return [h("p", { class: "soft" }, "Nobody answered in time, so nothing was done.")];
  const say = (yes) => () => answer(app, item, yes);
  return [
    h("p", { class: "soft" }, `This waits for you until ${moment(item.expires_at)}.`),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", class: "primary", onclick: say(true) }, "Yes"),
      h("button", { type: "button", onclick: say(false) }, "Not yet"),
    ),
  ];
}

/** What may simply be asked for once more: the person's words were kept, only the answer is missing. */
const AGAIN = new Set(["model", "failed"]);

function trouble(app, item) {
  const again = button("Try again", { class: "small", onclick: () => app.send({ type: "greet" }) });
  const node = h("li", { class: "quiet" }, h("p", {}, icon("info"), item.say), AGAIN.has(item.code) && again);
  // Only as long as nothing followed.
  return { node, update: () => (again.hidden = app.story.items.at(-1) !== item) };
}
