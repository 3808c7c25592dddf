/** A version, large: to look at closely, to hold beside the photo, to change, to keep, to take along. */

import { askAbout } from "./accept.js";
import { save } from "./account.js";
import { beside } from "./beside.js";
import { open } from "./dialogs.js";
import { button, h, icon, iconButton } from "./dom.js";
import { Paint } from "./paint.js";
import { likeness } from "./picture.js";
import { made } from "./made.js";
import { thumbnail } from "./thumbnail.js";
import { Zoom } from "./zoom.js";

/** The most pictures on one sheet. */
const SIDE_BY_SIDE = 5;

/**
 * Opens the viewer.
 *
 * @param {object} version As the server shows it; a sheet has no `id`, and is only looked at.
 * @param {"look"|"beside"|"change"|"paint"|"compare"|"made"} [mode]
 */
export function view(app, version, mode = "look") {
  open(app.root, { title: "Your picture", look: "viewer", bare: true }, (close) => [
    new Viewer(app, close, version, mode).node,
  ]);
}

class Viewer {
  constructor(app, close, version, mode) {
    this.app = app;
    this.close = close;
    this.stage = h("div", { class: "stage" });
    this.side = h("div", { class: "beneath" });
    this.node = h(
      "div",
      { class: "room", onkeydown: (event) => this.#key(event) },
      iconButton("Close", "close", { class: "shut", onclick: () => close() }),
      this.stage,
      this.side,
    );
    this.#show(version, mode);
  }

  #show(version, mode) {
    this.version = version;
    this.mode = mode;
    this.extra = h("div", { class: "extra" });
    this.node.classList.toggle("wishes", this.#wishes);
    this.side.replaceChildren(...this.#about(), this.extra, ...this.#tools());
    this.#modes()[mode]();
  }

  /** The same picture in another way. */
  #as(mode) {
    this.#show(this.version, mode);
    this.side.querySelector("[aria-pressed=true]")?.focus();
  }

  #modes() {
    return {
      look: () => this.#look(),
      beside: () => this.#beside(),
      change: () => this.#change(),
      paint: () => this.#paint(),
      compare: () => this.#compare(),
      made: () => this.#made(),
    };
  }

  /** Whether there is a field for a wish, with a button of its own. */
  get #wishes() {
    return this.mode === "change" || this.mode === "paint";
  }

  get #all() {
    return this.app.gallery.identity(this.version.identity_id)?.images ?? [];
  }

  #about() {
    const { gallery } = this.app;
    const { id, identity_id } = this.version;
    const name = gallery.identity(identity_id)?.name;
    if (!id) return [h("h2", {}, "Side by side")];
    const mine = gallery.accepted(id);
    return [
      h("h2", {}, name ?? "Your picture"),
      mine ? h("p", { class: "yours" }, icon("heart"), "This is you") : likeness(this.version),
    ];
  }

  #tools() {
    const { version, app } = this;
    if (!version.id) return [button("Download", { onclick: () => this.#download() }, "save")];
    const mode = (name, label, drawing) =>
      button(label, { "aria-pressed": String(this.mode === name), onclick: () => this.#as(name) }, drawing);
    return [
      h(
        "div",
        { class: "tools", role: "group", "aria-label": "What to do with it" },
        mode("look", "Look closely", "gallery"),
        app.me.primary && mode("beside", "Beside my photo", "beside"),
        mode("change", "Change something", "edit"),
        mode("paint", "Mark a part", "brush"),
        mode("compare", "Side by side", "sheet"),
        mode("made", "How was this made", "info"),
        button("Download", { onclick: () => this.#download() }, "save"),
        button("Go on from this one", { onclick: () => this.#press("show_identity_versions") }, "back"),
        !app.gallery.accepted(version.id) &&
          button("This is me", { class: this.#wishes ? "first" : "first primary", onclick: () => this.#accept() }, "heart"),
      ),
      this.#strip(),
    ];
  }

  /** All versions in the order in which they were made. */
  #strip() {
    const show = (version) => {
      this.#show(version, this.mode === "beside" ? "beside" : "look");
      this.side.querySelector("[aria-current=true]").focus();
    };
    const thumbs = this.#all.map((each) => {
      const node = thumbnail(this.app, each, () => show(each));
      if (each.id === this.version.id) node.setAttribute("aria-current", "true");
      return node;
    });
    return h("div", { class: "thumbs", hidden: thumbs.length < 2 }, ...thumbs);
  }

  #image(url = this.version.url) {
    const image = h("img", { src: url, alt: "The picture, large", draggable: false });
    image.addEventListener("error", () => this.#renew(image), { once: true });
    return image;
  }

  #look(url) {
    const zoom = new Zoom(this.#image(url));
    this.stage.replaceChildren(zoom.node, zoom.buttons, h("span", { class: "mark" }, "Made with AI"));
  }

  /** The link has ended: the gallery has another. */
  async #renew(image) {
    await this.app.gallery.refresh().catch(() => {});
    const again = this.app.gallery.version(this.version.id);
    if (again) image.src = again.url;
  }

  #beside() {
    this.#look();
    const get = () => this.app.api.compare(this.version.identity_id, [this.version.handle]);
    return this.#told(get, (sheet) => {
      const { node, slider } = beside(sheet);
      this.stage.replaceChildren(node);
      slider.focus();
      return h("p", { class: "soft" }, "Your photo and the picture, face on face. Move the edge between them.");
    });
  }

  #change() {
    this.#look();
    const form = this.#wish("What shall be different?", "Change it", () => ({}));
    this.extra.append(form);
    form.elements.change.focus();
  }

  #paint() {
    const paint = new Paint(this.version, this.#image());
    this.stage.replaceChildren(paint.node);
    const form = this.#wish("What shall be different there?", "Change this part", async () => {
      if (paint.empty) throw new Error("Paint over the part first.");
      const { mask } = await this.app.api.addMask(this.version.id, await paint.mask());
      return { mask };
    });
    this.extra.append(h("p", { class: "soft" }, "Paint over what shall change. The rest stays as it is."), paint.tools, form);
  }

  /** A wish in words, and what goes along with it. */
  #wish(label, verb, along) {
    const field = h("textarea", { rows: 2, name: "change", required: true, "aria-label": label, placeholder: label });
    const trouble = h("p", { class: "trouble", role: "alert" });
    const submit = h("button", { type: "submit", class: "primary" }, verb);
    const leave = h("button", { type: "button", onclick: () => this.#as("look") }, "Cancel");
    const wish = async (event) => {
      event.preventDefault();
      const change = field.value.trim();
      submit.disabled = true;
      try {
        const more = await along();
        // One may have thought better of it meanwhile.
        if (change && submit.isConnected) this.#press("revise_identity_image", { change, ...more });
      } catch (error) {
        trouble.textContent = error.message;
      }
      submit.disabled = false;
    };
    const row = h("div", { class: "row" }, leave, submit);
    return h("form", { class: "wish", onsubmit: wish }, field, trouble, row);
  }

  #press(action, given) {
    this.close();
    this.app.press(action, this.version, given);
  }

  #accept() {
    this.close();
    askAbout(this.app, this.version);
  }

  #compare() {
    const others = this.#all.filter((each) => each.id !== this.version.id).map((each) => each.handle);
    const handles = [this.version.handle, ...others.reverse()].slice(0, SIDE_BY_SIDE);
    this.#look();
    const get = () => this.app.api.compare(this.version.identity_id, handles);
    return this.#told(get, (sheet) => {
      this.#look(sheet.url);
      return h("p", { class: "soft" }, `From left to right: your photo, ${sheet.handles.join(", ")}.`);
    });
  }

  #made() {
    this.#look();
    return this.#told(() => this.app.api.provenance(this.version.id), made);
  }

  /** What takes a moment to get, beneath the picture; if one still looks at it so when it is there. */
  async #told(get, show) {
    const { extra } = this;
    extra.replaceChildren(h("p", { class: "soft", role: "status" }, "One moment…"));
    try {
      const got = await get();
      if (extra === this.extra) extra.replaceChildren(show(got));
    } catch (error) {
      extra.replaceChildren(h("p", { class: "trouble", role: "alert" }, error.message));
    }
  }

  async #download() {
    const { id, handle, title, url } = this.version;
    const get = id ? this.app.api.picture(id) : fetch(url).then((answer) => answer.blob());
    const blob = await get.catch(() => null);
    if (blob) save(blob, `${handle ?? title}.${blob.type.split("/")[1] ?? "png"}`);
    else this.extra.replaceChildren(h("p", { class: "trouble", role: "alert" }, "It cannot be downloaded just now."));
  }

  /** To the version before or after it, where no field or slider wants the arrow keys. */
  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target.matches("textarea, input, canvas")) return;
    const at = this.#all.findIndex((each) => each.id === this.version.id);
    const next = this.#all[at + step];
    if (!next) return;
    this.#show(next, "look");
    this.stage.querySelector(".zoom").focus();
  }
}
