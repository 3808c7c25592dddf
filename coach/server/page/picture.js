/** A picture in the conversation: from the place that is kept for it to the one that is theirs. */

import { askAbout } from "./accept.js";
import { button, h, icon } from "./dom.js";
import { renewed } from "./events.js";
import { Layers } from "./layers.js";
import { thumbnail } from "./thumbnail.js";
import { doing, dollars, likenessOf, span, usual, usually } from "./words.js";

/** How blurred the previews are, by their index. */
const BLUR = [3, 2, 1];

const FAILED = new Set(["failed", "refused", "stopped"]);

export class PictureCard {
  #layers = new Layers();
  #shown = "";
  #looks = "";
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
    if (item.kind === "kept" && !item.picture.model) this.#kept(item.picture);
    else if (item.picture) this.#picture(item.picture);
    else if (item.sheet) this.#sheet(item.sheet);
    else if (item.draws && FAILED.has(item.state)) this.#none();
  }

  /** Show what the gallery knows by now. */
  refresh() {
    const { kind, picture, sheet } = this.item;
    if (sheet) this.#words(sheet);
    else if (picture?.model) this.#about(picture);
    else if (kind === "kept") this.#kept(picture);
  }

  #draw() {
    const { item } = this;
    const [words, when] = this.veil.children;
    words.textContent = `${doing(item.action)}…`;
    when.textContent = [item.text && `${item.text}.`, usually(this.app.story.seconds)].filter(Boolean).join(" ");
    if (this.#told !== item.call_id && this.app.story.live) this.app.say(`${words.textContent} ${when.textContent}`);
    this.#told = item.call_id;
    if (item.preview && item.preview.url !== this.#shown) this.#preview(item.preview);
    if (!item.began) return; // it was under way before one looked
    this.#tick();
    this.#clock ??= setInterval(() => this.#tick(), 1000);
  }

  #tick() {
    const passed = (Date.now() - this.item.began) / 1000;
    this.veil.children[0].textContent = `${doing(this.item.action)}… ${Math.round(passed)} s`;
    // It nears the end and never claims to be there.
    this.veil.lastChild.value = 1 - Math.exp((-1.6 * passed) / (usual(this.app.story.seconds) ?? 60));
  }

  #preview({ url, index, seq }) {
    this.#shown = url;
    const renew = () => this.#again(seq);
    this.#layers.show(url, { blur: BLUR[Math.min(index, 2)], live: this.app.story.live, renew });
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

  /** One they accepted, which is shown already. */
  #kept({ identity_id }) {
    this.frame.hidden = true;
    const name = this.app.gallery.identity(identity_id)?.name;
    this.under.replaceChildren(h("p", { class: "yours" }, icon("heart"), `This is you${name ? ` as ${name}` : ""}.`));
  }

  #sheet(sheet) {
    if (sheet.url !== this.#shown) {
      this.#shown = sheet.url;
      this.#place(sheet);
    }
    this.#words(sheet);
  }

  /** Beneath a sheet what is on it; beneath a picture from before what is beneath every picture. */
  #words({ handles, title }) {
    const version = handles.length === 1 && this.app.gallery.version(handles[0]);
    if (version) this.#about({ ...version, version_id: version.id });
    else this.under.replaceChildren(h("p", { class: "soft" }, handles.length ? `On it: ${handles.join(", ")}.` : title));
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
    const renew = () => this.#again(this.item.seq);
    this.#layers.show(url, { alt: this.#alt(), live: this.app.story.live, size: [width, height], renew });
  }

  #alt() {
    const { picture, sheet } = this.item;
    const name = this.app.gallery.identity(picture?.identity_id)?.name;
    if (sheet) return `Pictures side by side: ${sheet.handles.join(", ")}`;
    return `A picture of you${name ? ` as ${name}` : ""}, made by an AI`;
  }

  /** Another link to what an event brought. */
  #again(seq) {
    const { api, conversation } = this.app;
    return renewed((...given) => api.events(conversation.id, ...given), seq);
  }

  #open() {
    const { picture, sheet } = this.item;
    const version = picture?.version_id ?? (sheet.handles.length === 1 ? sheet.handles[0] : null);
    this.app.view(this.app.gallery.version(version) ?? { ...(picture ?? sheet), id: picture?.version_id });
  }

  #about(picture) {
    const { gallery, story } = this.app;
    const last = story.shown === this.item;
    const version = gallery.version(picture.version_id) ?? { ...picture, id: picture.version_id };
    const accepted = gallery.accepted(version.id);
    const all = last ? gallery.candidates(picture.identity_id) : [];
    // Made anew only when it differs: one may be reading, or on a button.
    const looks = JSON.stringify([accepted, last, Boolean(this.app.me.primary), all.map((each) => each.id)]);
    if (looks === this.#looks) return;
    this.#looks = looks;
    this.under.replaceChildren(
      accepted ? h("p", { class: "yours" }, icon("heart"), "This is you") : likeness(picture),
      last ? this.#buttons(version, accepted) : "",
      details(picture),
    );
    this.#candidates(all);
  }

  #buttons(version, accepted) {
    const to = (mode) => () => this.app.view(version, mode);
    // Where it was found not to be like them, another try is the nearer thing; but that is theirs to say.
    const unlike = !accepted && likenessOf(version).mark === "no";
    const again = () => this.app.press("generate_identity_image", { identity_id: version.identity_id });
    const accept = () => askAbout(this.app, version);
    return h(
      "div",
      { class: "row" },
      button("Try once more", { class: "primary", hidden: !unlike, onclick: again }, "undo"),
      button("This is me", { class: unlike ? "" : "primary", hidden: accepted, onclick: accept }, "heart"),
      button("Change something", { onclick: to("change") }, "edit"),
      button("Beside my photo", { hidden: !this.app.me.primary, onclick: to("beside") }, "beside"),
    );
  }

  /** All pictures of the identity, the most alike first. */
  #candidates(all) {
    this.strip.replaceChildren();
    if (all.length < 2) return;
    const thumbs = all.map((each) => thumbnail(this.app, each));
    this.strip.append(h("p", { class: "soft" }, "All of them, the most alike first"), h("div", { class: "thumbs" }, ...thumbs));
  }

  #none() {
    this.stop();
    this.#layers.clear();
    this.frame.hidden = true;
    this.under.replaceChildren(h("p", { class: "soft" }, "No picture came of this."));
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
  return h("details", {}, h("summary", {}, "About this picture"), ...facts.map((each) => h("p", {}, each)));
}
