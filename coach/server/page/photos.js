/** The person's photos: up to five, one of them in front; added, chosen, removed. */

import { camera, hasCamera } from "./camera.js";
import { confirm, open } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { FILES, MOST } from "./intake.js";

/** The photos and what one can do with them; it follows what changes. */
export class Photos {
  constructor(app) {
    this.app = app;
    this.list = h("ul", { class: "photos" });
    this.say = h("p", { class: "soft" });
    this.file = h("input", {
      type: "file",
      accept: FILES,
      multiple: true,
      hidden: true,
      "aria-label": "Photos of you",
      onchange: () => this.#chosen(),
    });
    this.adding = h(
      "div",
      { class: "row" },
      button("Choose a photo", { onclick: () => this.file.click() }, "upload"),
      hasCamera() && button("Take one", { onclick: () => this.#take() }, "camera"),
    );
    this.node = h("div", { class: "photo-box" }, this.list, this.say, this.adding, this.file);
    app.me.addEventListener("change", this.#show);
    this.#show();
  }

  #show = () => {
    const { photos, primary } = this.app.me;
    this.list.replaceChildren(...photos.map((photo) => this.#one(photo, photo === primary)));
    this.adding.hidden = photos.length >= MOST;
    this.say.textContent = wordsFor(photos, primary);
  };

  #one(photo, primary) {
    const found = photo.findings;
    const label = primary ? "This photo is in front" : "Put this photo in front";
    const choose = h(
      "button",
      {
        type: "button",
        class: "face",
        "aria-pressed": String(primary),
        "aria-label": found ? `${label}. ${found.say}` : label,
        title: label,
        onclick: () => !primary && this.#do(() => this.app.api.makePrimary(photo.id)),
      },
      h("img", { src: photo.url, alt: "" }),
    );
    const remove = iconButton("Remove this photo", "close", { class: "remove", onclick: () => this.#remove(photo) });
    return h("li", { class: found && !found.usable ? "doubtful" : "" }, choose, remove);
  }

  async #remove(photo) {
    const sure = await confirm(this.app.root, {
      title: "Remove this photo?",
      text: "It is deleted here. Pictures that were made from it stay.",
      yes: "Remove it",
      danger: true,
    });
    if (sure) await this.#do(() => this.app.api.removePhoto(photo.id));
  }

  async #do(what) {
    try {
      this.app.me.set(await what());
    } catch (error) {
      this.app.composer.notice({ text: error.message });
    }
  }

  #chosen() {
    const files = [...this.file.files];
    this.file.value = "";
    this.onadd?.();
    this.app.intake.offer(files);
  }

  async #take() {
    this.onadd?.();
    if (!(await this.app.intake.agreed())) return;
    const file = await camera(this.app);
    if (file) this.app.intake.offer([file]);
  }

  stop() {
    this.app.me.removeEventListener("change", this.#show);
  }
}

function wordsFor(photos, primary) {
  if (photos.length === 0) return "A photo of your face, alone, in daylight, without sunglasses. You can also drop or paste it.";
  if (primary.findings && !primary.findings.usable) return primary.findings.say;
  const more = photos.length < MOST ? " More photos from other days help to meet you better." : "";
  return `Pictures are made from the photo in front, and others that are good.${more}`;
}

/** The photos as a dialog, for narrow pages. */
export async function photoSheet(app) {
  await app.me.refresh().catch(() => {}); // links to them work for minutes
  const photos = new Photos(app);
  await open(app.root, { title: "Your photos", look: "small" }, (close) => {
    photos.onadd = () => close();
    return [photos.node];
  });
  photos.stop();
}
