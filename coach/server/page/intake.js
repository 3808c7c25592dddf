/** A photo on its way in: dropped, pasted, chosen or taken; agreed to first; and what the photo coach says of it. */

import { Unreached } from "./api.js";
import { consent } from "./consent.js";
import { button, h, pause } from "./dom.js";

/** How many photos a person can have. */
export const MOST = 5;

/** What is taken in; some browsers know HEIC only by its ending. */
export const FILES = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif";

/** Bytes above which a photo is scaled down before it is sent: the most that the server takes. */
const LARGEST = 20 * 1024 * 1024;

/** Pixels of the longer side that are left then; more is of no use to a picture. */
const LONGER_SIDE = 4096;

export class Intake {
  constructor(app) {
    this.app = app;
  }

  /** Take what is dropped on the page or pasted into it. */
  watch(root) {
    const holds = (data) => [...(data?.items ?? [])].some((item) => item.kind === "file");
    const veil = h("div", { class: "drop", hidden: true }, h("p", {}, "Drop your photo here"));
    root.append(veil);
    root.ondragover = (event) => {
      if (!holds(event.dataTransfer)) return;
      event.preventDefault();
      veil.hidden = false;
    };
    root.ondragleave = (event) => (veil.hidden = veil.hidden || !root.contains(event.relatedTarget));
    root.ondrop = (event) => {
      veil.hidden = true;
      if (!holds(event.dataTransfer)) return;
      event.preventDefault();
      this.offer([...event.dataTransfer.files]);
    };
    root.onpaste = (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.offer(files);
    };
  }

  /** Whether the person agrees that their photos are used; they are asked when they have not been yet. */
  async agreed() {
    const { app } = this;
    if (!app.me.known) await app.me.refresh().catch((error) => app.fail(error));
    if (!app.me.known) return false;
    if (app.me.agreed) return true;
    const yes = await consent(app);
    if (!yes) app.composer.notice({ text: "Then no photo is used. You can go on talking without one." });
    return yes;
  }

  /** Take photos in, one after the other. */
  async offer(files) {
    const photos = files.filter((file) => file.type.startsWith("image/") || /\.hei[cf]$/i.test(file.name));
    if (photos.length === 0) return this.#say({ text: "That is no photo. A JPEG, PNG, WebP or HEIC will do." });
    if (!(await this.agreed())) return undefined;
    for (const photo of photos) await this.#add(photo);
    return undefined;
  }

  #say(told) {
    this.app.composer.notice(told);
  }

  async #add(file) {
    const { app } = this;
    const first = app.me.photos.length === 0;
    this.#say({ text: "Looking at your photo…", busy: true });
    try {
      const answer = await this.#sent(await smaller(file));
      app.me.set(answer);
      await this.#looked(answer.photo, first);
    } catch (error) {
      this.#say({ text: error.message });
    }
  }

  /** The same photo is kept once, so it may be sent again until it is there. */
  async #sent(file) {
    for (let failed = 0; ; failed += 1) {
      try {
        return await this.app.api.addPhoto(file);
      } catch (error) {
        if (!(error instanceof Unreached) && !error.passing) throw error;
        this.#say({ text: "Your photo waits for the connection…", busy: true });
        await pause(Math.min(500 * 2 ** failed, 8000), "online");
      }
    }
  }

  async #looked(photo, first) {
    const { app } = this;
    const usable = photo.findings?.usable ?? true;
    const text = photo.findings?.say ?? "Your photo is here.";
    const before = app.me.primary;
    if (usable && before.id !== photo.id && before.findings && !before.findings.usable) {
      app.me.set(await app.api.makePrimary(photo.id));
    } else if (usable && !first) {
      return this.#say({ text, picture: photo.url });
    }
    if (!usable) return this.#doubted(photo, text);
    app.send({ type: "say", text: "There, that is my photo." });
    return this.#say({ text, picture: photo.url });
  }

  #doubted(photo, text) {
    const { app } = this;
    const anyway = () => app.send({ type: "say", text: "There is my photo. Please use it as it is, all the same." });
    const buttons = [button("Use it all the same", { class: "small", onclick: anyway })];
    this.#say({ text, picture: photo.url, buttons });
  }
}

/** The photo, scaled down where it has more bytes than the server takes. What no browser can read stays as it is. */
export async function smaller(file) {
  if (file.size <= LARGEST) return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return file;
  const scale = Math.min(1, LONGER_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", { width: bitmap.width * scale, height: bitmap.height * scale });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([made], "photo.jpg", { type: "image/jpeg" });
}
