/** Pictures in one place, each over the one before: a first look that sharpens, and never piles up. */

import { h } from "./dom.js";

export class Layers {
  #wanted = 0;

  constructor() {
    this.node = h("div", { class: "layers" });
  }

  /**
   * Shows a picture over what was there, which goes when it has come in.
   *
   * @param {string} url
   * @param {object} [given]
   * @param {string} [given.alt]
   * @param {number} [given.blur] How blurred a first look is: 3 is most, 0 is none.
   * @param {boolean} [given.live] Whether one looks on: it is loaded at once, and comes in softly.
   * @param {[number, number]} [given.size] Width and height, where they are known.
   * @param {() => Promise<string|null>} [given.renew] Gives another link when this one has ended.
   */
  async show(url, { alt = "", blur = 0, live = false, size, renew } = {}) {
    const wanted = ++this.#wanted;
    const image = h("img", { alt, class: `layer blur-${blur}`, draggable: false, decoding: "async" });
    if (size) [image.width, image.height] = size;
    if (renew) image.addEventListener("error", () => this.#renew(image, renew), { once: true });
    if (!live) image.loading = "lazy";
    image.src = url;
    if (live) await image.decode().catch(() => {});
    if (wanted !== this.#wanted) return; // a newer one came meanwhile
    const before = [...this.node.children];
    this.node.append(image);
    if (!live) return before.forEach((each) => each.remove());
    image.classList.add("comes");
    image.addEventListener("animationend", () => before.forEach((each) => each.remove()), { once: true });
    if (getComputedStyle(image).animationName === "none") before.forEach((each) => each.remove());
  }

  async #renew(image, renew) {
    const url = await renew().catch(() => null);
    if (url) image.src = url;
  }

  clear() {
    this.#wanted += 1;
    this.node.replaceChildren();
  }
}
