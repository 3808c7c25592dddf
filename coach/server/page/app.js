/** The page put together: who is here, their conversation, and what is shown of both. */

import { Problem } from "./api.js";
import { asked, celebrate } from "./accept.js";
import { Composer } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { Listener } from "./events.js";
import { Intake } from "./intake.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Gallery, Me } from "./person.js";
import { Story } from "./story.js";
import { tabs } from "./tabs.js";
import { Talk } from "./talk.js";
import { view } from "./viewer.js";
import { signedIn, stuck } from "./welcome.js";
import { plain } from "./words.js";

/** Milliseconds without an event after which the past counts as shown; and those that a turn of it takes to come. */
const QUIET = 250;
const LONGEST_TURN = 3000;

export class App {
  #spoken = h("div", { class: "unseen", role: "status" });
  #parts = [];

  /**
   * @param {Element} root Where everything is put, dialogs too.
   * @param {import("./api.js").Api} api
   */
  constructor(root, api) {
    this.root = root;
    this.api = api;
    this.me = new Me(api);
    this.gallery = new Gallery(api);
  }

  /** Show the person's last conversation, once they are known. */
  async start() {
    this.root.replaceChildren(this.#spoken);
    try {
      this.session = await signedIn(this);
      const [last] = await this.api.conversations();
      await this.enter(last ?? (await this.api.begin()));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Show a conversation. */
  async enter(conversation) {
    this.stop();
    this.conversation = conversation;
    this.story = new Story();
    this.story.phase = conversation.phase;
    this.outbox = new Outbox(conversation.id, (...did) => this.api.turn(conversation.id, ...did));
    this.intake = new Intake(this);
    this.#show();
    this.#listen();
    this.outbox.flush();
    await Promise.all([this.me.refresh(), this.gallery.refresh()]).catch((error) => this.fail(error));
  }

  /** Begin another conversation. What was said and made before stays. */
  async another() {
    await this.enter(await this.api.begin());
  }

  #show() {
    this.talk = new Talk(this);
    this.composer = new Composer(this);
    this.panel = new Panel(this);
    this.#parts = [this.talk, this.composer, this.panel];
    this.line = h("p", { class: "line", role: "status", hidden: true });
    const phase = h("p", { class: "phase" });
    this.story.addEventListener("change", () => (phase.textContent = plain(this.story.phase)));
    phase.textContent = plain(this.story.phase);
    const bar = h(
      "header",
      { class: "bar" },
      h("span", { class: "sign" }, icon("you")),
      h("div", { class: "names" }, h("h1", {}, "Your coach"), phase),
      tabs(this, "talk"),
      iconButton("Your pictures and photos", "gallery", { class: "plain narrow", onclick: () => this.panel.open() }),
    );
    const main = h("main", {}, this.line, this.talk.node, this.composer.node);
    this.root.replaceChildren(bar, main, this.panel.node, this.#spoken);
    this.intake.watch(this.root);
  }

  #listen() {
    const { story } = this;
    story.addEventListener("live", ({ detail }) => this.#happened(detail));
    story.addEventListener("change", () => this.outbox.settle(story.seen));
    this.outbox.addEventListener("change", () => this.#connected());
    this.outbox.addEventListener("refused", ({ detail }) => this.talk.refused(detail));
    this.listener = new Listener({
      ask: (after, signal) => this.api.events(this.conversation.id, after, signal),
      take: (event) => {
        story.take(event);
        if (!story.live) this.#soon(event.name === "said");
      },
      tell: (connected) => {
        this.away = !connected;
        this.#connected();
        if (connected && !story.live) this.#soon();
      },
      // Erased, in another tab perhaps.
      end: (problem) => (problem.status === 404 ? this.start() : this.fail(problem)),
    });
    this.#past = null;
    this.listener.run();
  }

  #past = null;

  /** Once nothing has come for a moment, the past has been shown; or when a turn goes on for so long: it goes on now. */
  #soon(begins = false) {
    clearTimeout(this.#past?.timer);
    if (begins || !this.#past) this.#past = { until: Date.now() + LONGEST_TURN };
    const wait = Math.max(0, Math.min(QUIET, this.#past.until - Date.now()));
    this.#past.timer = setTimeout(() => this.#settled(), wait);
  }

  #settled() {
    this.story.live = true;
    // The same key in every tab: the coach greets once.
    if (this.story.seen === 0) this.outbox.send({ type: "greet" }, "greet");
    this.talk.settled();
  }

  #happened(item) {
    if (item === null || item.picture) this.gallery.refresh().catch(() => {});
    if (item?.kind === "coach") this.say(item.text);
    if (item?.kind === "ask") asked(this, item);
    if (item?.kind === "kept") celebrate(this, item);
  }

  #connected() {
    const away = this.away || this.outbox.held;
    this.line.hidden = !away;
    const where = navigator.onLine ? "The connection was lost. Trying again…" : "You are offline.";
    const waits = this.outbox.entries.some((entry) => entry.seq === undefined);
    this.line.textContent = away ? `${where}${waits ? " What you wrote is kept, and sent when it is back." : ""}` : "";
  }

  /** Do something in the conversation. */
  send(did) {
    this.composer.notice(null);
    this.outbox.send(did);
    this.talk.toEnd();
  }

  /** Press an action's button, about an identity or a version of it. The coach knows both by their handles. */
  press(action, { identity_id, handle }, given = {}) {
    const identity = this.gallery.identity(identity_id)?.handle ?? identity_id;
    const about = handle ? { identity_id: identity, version: handle } : { identity_id: identity };
    this.send({ type: "press", action, arguments: { ...about, ...given } });
  }

  /** Look at a version, large. */
  view(version, mode) {
    view(this, version, mode);
  }

  /** Let a screen reader say something. */
  say(text) {
    this.#spoken.textContent = text;
  }

  /** Tell of a problem; of one that ends everything, with a way on. */
  fail(error) {
    if (error instanceof Problem && error.status === 401) return this.#signedOut();
    if (this.line?.isConnected) return this.composer.notice({ text: error.message });
    return stuck(this, error);
  }

  #signedOut() {
    this.stop();
    if (!this.api.token) return this.start();
    this.root.replaceChildren(h("div", { class: "welcome" }, h("p", {}, "Your host's sign-in has ended.")));
    return undefined;
  }

  /** Let go of everything that goes on. */
  stop() {
    this.listener?.stop();
    this.outbox?.stop();
    for (const part of this.#parts) part.stop?.();
    this.#parts = [];
  }
}
