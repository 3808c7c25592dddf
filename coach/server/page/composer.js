/** Where the person writes, and what they are told about what they just did. */

import { h, icon, iconButton } from "./dom.js";
import { photoSheet } from "./photos.js";

export class Composer {
  #notice = h("div", { class: "notice", role: "status", hidden: true });

  constructor(app) {
    this.app = app;
    this.draft = `coach.draft.${app.conversation.id}`;
    this.field = h("textarea", {
      rows: 1,
      name: "message",
      placeholder: "Write to your coach",
      "aria-label": "Your message",
      enterKeyHint: "send",
      value: sessionStorage.getItem(this.draft) ?? "",
      oninput: () => this.#changed(),
      onkeydown: (event) => this.#key(event),
    });
    this.photo = iconButton("Your photo", "camera", { class: "photo", onclick: () => photoSheet(app) });
    this.button = iconButton("Send", "send", { class: "send", type: "submit" });
    const form = h(
      "form",
      { class: "composer", onsubmit: (event) => this.#submit(event) },
      this.photo,
      this.field,
      this.button,
    );
    const drawn = app.session.sandbox && h("p", { class: "drawn soft" }, "Sandbox: pictures are drawn, nothing is charged.");
    this.node = h("div", { class: "foot" }, this.#notice, form, drawn);
    app.me.addEventListener("change", this.#face);
    this.#face();
    requestAnimationFrame(() => this.#changed());
  }

  /** The photo button shows the photo there is. */
  #face = () => {
    const { primary } = this.app.me;
    const label = primary ? "Your photos" : "Add your photo";
    this.photo.replaceChildren(primary ? h("img", { src: primary.url, alt: "" }) : icon("camera"));
    this.photo.title = label;
    this.photo.setAttribute("aria-label", label);
  };

  #changed() {
    sessionStorage.setItem(this.draft, this.field.value);
    this.button.disabled = this.field.value.trim() === "";
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (text === "") return;
    this.app.send({ type: "say", text });
    this.field.value = "";
    this.#changed();
  }

  /** Words that were not taken, to be sent again. */
  giveBack(text) {
    if (this.field.value.trim() === "") this.field.value = text;
    this.#changed();
  }

  /**
   * Tell something above the field, in place of what stood there.
   *
   * @param {{text: string, picture?: string, busy?: boolean, buttons?: Node[]}|null} told `null`: nothing.
   */
  notice(told) {
    this.#notice.hidden = !told;
    this.#notice.replaceChildren();
    if (!told) return;
    const { text, picture, busy, buttons = [] } = told;
    if (picture) this.#notice.append(h("img", { src: picture, alt: "" }));
    this.#notice.append(h("p", { class: busy ? "busy-text" : "" }, text), ...buttons);
    if (!busy) {
      this.#notice.append(iconButton("Close", "close", { class: "plain", onclick: () => this.notice(null) }));
    }
  }

  stop() {
    this.app.me.removeEventListener("change", this.#face);
  }
}
