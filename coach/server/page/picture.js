/** A picture in the conversation: from the place that is kept for it to the one that is theirs. */

import { acceptFlow } from "./accept.js";
import { button, h, icon } from "./dom.js";
import { firstOf } from "./events.js";
import { Layers } from "./layers.js";
import { thumbnail } from "./thumbnail.js";
import { doing, dollars, likenessOf, span, usually } from "./words.js";

/** How blurred the previews are, by their index. */
const BLUR = [3, 2, 1];

const FAILED = new Set(["failed", "refused", "stopped"]);

export class PictureCard {
  #layers = new Layers();
  #shown = "";
  #told = "";
  #clock = null;

  constructor(app, item) {
    this.app = app;
    this.item = item;
    this.veil = h("div", { class: "veil" }, h("p"), h("p", { class: "soft" }), h("progress", { max: 1, value: 0 }));
    this.frame = h("div", { class: "frame" }, this.#layers.node, this.veil);
    this.under = h("div", { class: "under" });
    this.strip = h("div", { class: "strip" });
    this.node = h("li", { class: "picture", hidden: true }, this.frame, this.under, this.strip);
  }

  /** Show what the item has become. */
  update() {
    const { item } = this;
    const drawing = item.state === "running" && item.draws;
    this.node.hidden = !(drawing || item.picture || item.sheet || (item.draws && FAILED.has(item.state)));
    this.node.classList.toggle("drawing", Boolean(drawing));
    this.veil.hidden = !drawing;
    if (drawing) this.#draw();
    else this.stop();
    if (item.picture) this.#picture(item.picture);
    else if (item.sheet) this.#sheet(item.sheet);
    else if (item.draws && FAILED.has(item.state)) this.#none();
  }

  /** Show what the gallery knows by now. */
  refresh() {
    if (this.item.picture) this.#about(this.item.picture);
  }

  #draw() {
    const { item } = this;
    const [words, when] = this.veil.children;
    words.textContent = `${doing(item.action)}…`;
    when.textContent = usually(this.app.story.seconds);
    if (this.#told !== item.call_id && this.app.story.live) this.app.say(`${words.textContent} ${when.textContent}`);
    this.#told = item.call_id;
    if (item.preview && item.preview.url !== this.#shown) this.#preview(item.preview);
    if (item.began) this.#clock ??= setInterval(() => this.#tick(), 1000);
  }

  #tick() {
    const passed = (Date.now() - this.item.began) / 1000;
    const { seconds } = this.app.story;
    this.veil.children[0].textContent = `${doing(this.item.action)}… ${span(passed)}`;
    // It nears the end and never claims to be there.
    const usual = seconds.length ? seconds.reduce((sum, each) => sum + each, 0) / seconds.length : 60;
    this.veil.lastChild.value = 1 - Math.exp((-1.6 * passed) / usual);
  }

  #preview({ url, index }) {
    this.#shown = url;
    this.#layers.show(url, { blur: BLUR[Math.min(index, 2)], live: this.app.story.live });
  }

  #picture(picture) {
    if (picture.url !== this.#shown) {
      this.#shown = picture.url;
      this.#place(picture);
      if (this.app.story.live && this.item.kind === "work") {
        this.app.say(`Your picture is here. ${likenessOf(picture).words}.`);
      }
    }
    this.#about(picture);
  }

  #sheet(sheet) {
    if (sheet.url === this.#shown) return;
    this.#shown = sheet.url;
    this.#place(sheet);
    this.under.replaceChildren();
    const words = sheet.handles.length > 1 ? `From left to right: ${sheet.handles.join(", ")}` : sheet.handles[0];
    this.under.append(h("p", { class: "soft" }, words));
  }

  /** The picture itself, in a frame of its shape; tapped, it is shown large. */
  #place({ url, width, height }) {
    const large = h("button", {
      type: "button",
      class: "large",
      "aria-label": "Look at it large",
      onclick: () => this.#open(),
    });
    if (width && height) this.frame.style.setProperty("--shape", `${width} / ${height}`);
    this.frame.replaceChildren(this.#layers.node, large, h("span", { class: "mark" }, "Made with AI"));
    const renew = () => this.#again();
    this.#layers.show(url, { alt: this.#alt(), live: this.app.story.live, size: [width, height], renew });
  }

  #alt() {
    const { picture, sheet } = this.item;
    const name = this.app.gallery.identity(picture?.identity_id)?.name;
    if (sheet) return `Pictures side by side: ${sheet.handles.join(", ")}`;
    return `A picture of you${name ? ` as ${name}` : ""}, made by an AI`;
  }

  /** A link works for minutes: the event that brought it brings another one. */
  async #again() {
    const { api, conversation } = this.app;
    const asked = new AbortController();
    const event = await firstOf(await api.events(conversation.id, this.item.seq - 1, asked.signal));
    asked.abort();
    return (event.data.picture ?? {}).url ?? null;
  }

  #open() {
    const { picture, sheet } = this.item;
    const version = picture?.version_id ?? (sheet.handles.length === 1 ? sheet.handles[0] : null);
    this.app.view(this.app.gallery.version(version) ?? { ...(picture ?? sheet), id: picture?.version_id });
  }

  #about(picture) {
    const { gallery } = this.app;
    const accepted = gallery.accepted(picture.version_id);
    const version = gallery.version(picture.version_id) ?? { ...picture, id: picture.version_id };
    this.under.replaceChildren(
      accepted || this.item.kind === "kept" ? h("p", { class: "yours" }, icon("heart"), "This is you") : likeness(picture),
      h(
        "div",
        { class: "row" },
        !accepted &&
          button("This is me", { class: "primary", onclick: () => acceptFlow.ask(this.app, version) }, "heart"),
        button("Change something", { onclick: () => this.app.view(version, "change") }, "edit"),
        this.app.me.primary && button("Beside my photo", { onclick: () => this.app.view(version, "beside") }, "beside"),
      ),
      details(picture),
    );
    this.#candidates(picture);
  }

  /** All pictures of the identity, the most alike first, beneath the newest of them. */
  #candidates(picture) {
    const mine = this.app.story.pictures.filter((each) => each.identity_id === picture.identity_id);
    const all = this.app.gallery.candidates(picture.identity_id);
    const show = mine.at(-1) === picture && all.length > 1;
    this.strip.replaceChildren(...(show ? [h("p", { class: "soft" }, "All of them, the most alike first")] : []));
    if (show) this.strip.append(h("div", { class: "thumbs" }, ...all.map((each) => thumbnail(this.app, each))));
  }

  #none() {
    this.stop();
    this.#layers.clear();
    this.frame.hidden = true;
    this.under.replaceChildren(h("p", { class: "soft" }, "That picture did not come."));
  }

  stop() {
    clearInterval(this.#clock);
    this.#clock = null;
  }
}

/** How like the person it is, in words with a small drawing. */
export function likeness(version) {
  const { mark, words } = likenessOf(version);
  return h("p", { class: `likeness ${mark}` }, h("i", { "aria-hidden": "true" }), words);
}

function details(picture) {
  const facts = [
    picture.say_likeness ?? picture.likeness_why,
    picture.afresh && "It was drawn anew from your photos and all your wishes.",
    ...(picture.repairs ?? []),
    picture.actual_micros !== undefined && `It cost ${dollars(picture.actual_micros)}.`,
    picture.seconds && `It took ${span(picture.seconds)}.`,
    picture.likeness && "Likeness is measured by a machine. It is no verdict: whether it is you, only you can say.",
  ].filter(Boolean);
  if (facts.length === 0) return null;
  return h("details", {}, h("summary", {}, "About this picture"), ...facts.map((each) => h("p", {}, each)));
}
