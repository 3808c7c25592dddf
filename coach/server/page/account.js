/** Costs, other conversations, and what a person may do with their data. */

import { confirm, open } from "./dialogs.js";
import { button, h } from "./dom.js";
import { dollars, moment, plain } from "./words.js";

const LIMITS = {
  picture: "For one picture",
  turn: "For one message and what follows from it",
  person: "In all",
  person_day: "Today",
};

export class Account {
  constructor(app) {
    this.app = app;
    this.costs = h("div", { class: "costs" });
    this.talks = h("ul", { class: "talks" });
    this.node = h(
      "section",
      { class: "account" },
      h("h2", {}, "What it costs"),
      this.costs,
      h("h2", {}, "Conversations"),
      this.talks,
      button("New conversation", { class: "plain", onclick: () => app.another().catch((e) => app.fail(e)) }, "add"),
      h("h2", {}, "Your data"),
      h(
        "div",
        { class: "column" },
        button("Take everything with you", { class: "plain", onclick: () => this.#takeout() }, "save"),
        button("Erase my photos", { class: "plain", onclick: () => this.#forget() }, "trash"),
        button("Erase everything", { class: "plain", onclick: () => this.#erase() }, "trash"),
        !app.api.token && !app.session.by_host && button("Sign out", { class: "plain", onclick: () => this.#signOut() }, "back"),
      ),
    );
    app.gallery.addEventListener("change", this.#changed);
    this.refresh();
  }

  #changed = () => this.refresh();

  /** Read the costs and conversations again. */
  async refresh() {
    const { api } = this.app;
    const [costs, talks] = await Promise.all([api.costs(), api.conversations()].map((each) => each.catch(() => null)));
    if (costs) this.costs.replaceChildren(...spent(costs));
    if (talks) this.talks.replaceChildren(...talks.map((each) => this.#talk(each)));
  }

  #talk(talk) {
    const here = talk.id === this.app.conversation.id;
    const go = () => !here && this.app.enter(talk).catch((error) => this.app.fail(error));
    const when = `${moment(talk.updated_at)} · ${plain(talk.phase)}`;
    const words = h("span", {}, talk.title || "Nothing said yet", h("small", { class: "soft" }, when));
    return h("li", {}, h("button", { type: "button", class: "plain", "aria-current": here ? "true" : null, onclick: go }, words));
  }

  async #takeout() {
    await this.#do(async () => save(await this.app.api.takeout(), "coach.zip"));
  }

  async #forget() {
    const sure = await confirm(this.app.root, {
      title: "Erase your photos?",
      text: [
        "Your agreement is taken back, and your photos are deleted here. Nothing more is sent, also not what still waits.",
        "Pictures that were already made stay until you erase everything.",
      ],
      yes: "Erase my photos",
      danger: true,
    });
    if (!sure) return;
    await this.#do(async () => {
      this.app.me.set(await this.app.api.revoke());
      this.app.composer.notice({ text: "Your agreement is taken back and your photos are deleted." });
    });
  }

  async #erase() {
    const sure = await confirm(this.app.root, {
      title: "Erase everything?",
      text: [
        "Your photos, pictures, identities and conversations are deleted here, for good. You get a receipt.",
        "You may want to take everything with you first.",
      ],
      yes: "Erase everything",
      danger: true,
    });
    if (!sure) return;
    await this.#do(async () => {
      const receipt = await this.app.api.erase();
      this.app.stop();
      await showReceipt(this.app, receipt);
      sessionStorage.clear();
      await this.app.start();
    });
  }

  async #signOut() {
    const sure = await confirm(this.app.root, {
      title: "Sign out?",
      text: "What is yours stays here, and your key lets you in again. As a guest you have none: take everything with you first.",
      yes: "Sign out",
    });
    if (!sure) return;
    await this.#do(async () => {
      await this.app.api.signOut();
      this.app.stop();
      await this.app.start();
    });
  }

  async #do(what) {
    try {
      await what();
    } catch (error) {
      this.app.fail(error);
    }
  }

  stop() {
    this.app.gallery.removeEventListener("change", this.#changed);
  }
}

function spent({ spent_micros, held_micros, limits, used_up, doubts }) {
  const lines = [`Your pictures cost ${dollars(spent_micros)} so far.`];
  if (held_micros > 0) lines.push(`${dollars(held_micros)} is set aside for what is under way or in doubt.`);
  for (const { name, left_micros, limit_micros } of limits) {
    lines.push(`${LIMITS[name] ?? plain(name)}: ${dollars(left_micros)} of ${dollars(limit_micros)} is left.`);
  }
  if (used_up) lines.push("A budget is used up, so no picture can be made just now.");
  const said = lines.map((line) => h("p", {}, line));
  return [...said, ...doubts.map(({ say }) => h("p", { class: "doubt" }, say))];
}

function showReceipt(app, { receipt, done, sentences }) {
  const title = done ? "Everything was erased" : "Erased, but for what is still being made";
  return open(app.root, { title, look: "receipt" }, (close) => [
    ...sentences.map((line) => h("p", {}, line)),
    h(
      "footer",
      {},
      button("Save the receipt", { onclick: () => save(json(receipt), "receipt.json") }, "save"),
      h("button", { type: "button", class: "primary", onclick: () => close() }, "Close"),
    ),
  ]);
}

function json(value) {
  return new Blob([JSON.stringify(value, null, 2)], { type: "application/json" });
}

/** Let the browser save a file. */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
