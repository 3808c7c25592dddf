/** What is the person's: their photos and consent, and their identities with the pictures of each. */

import { byLikeness } from "./words.js";

/** Something of the server's that is read again when it may have changed. Event: `change`, when it has. */
export class Kept extends EventTarget {
  #reading = null;
  #again = false;

  constructor(read, first) {
    super();
    this.read = read;
    this.value = first;
    this.known = false;
  }

  /** Read it again; calls that come meanwhile are answered by one more reading. */
  refresh() {
    if (this.#reading) this.#again = true;
    else this.#reading = this.#run().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #run() {
    do {
      this.#again = false;
      this.set(await this.read());
    } while (this.#again);
  }

  set(value) {
    const same = this.known && told(value) === told(this.value);
    this.value = value;
    this.known = true;
    if (!same) this.dispatchEvent(new Event("change"));
  }
}

/** What is told of it; links are new each time, and what they show is the same. */
function told(value) {
  return JSON.stringify(value, (name, each) => (name === "url" ? undefined : each));
}

/** The person. */
export class Me extends Kept {
  constructor(api) {
    super(api.me, { photos: [], consent: { active: false } });
  }

  get photos() {
    return this.value.photos;
  }

  get primary() {
    return this.photos.find((photo) => photo.primary) ?? this.photos[0] ?? null;
  }

  get agreed() {
    return this.value.consent.active;
  }
}

/** Their identities, each with its pictures. */
export class Gallery extends Kept {
  constructor(api) {
    super(api.identities, []);
  }

  /** The identity of an id or a handle; without one, that which the talk is about. */
  identity(ref) {
    if (!ref) return this.value.find((each) => each.current) ?? null;
    return this.value.find((each) => each.id === ref || each.handle === ref) ?? null;
  }

  /** The pictures of an identity, the most alike first. */
  candidates(ref) {
    return byLikeness(this.identity(ref)?.images ?? []);
  }

  /** A version, by its id or handle; of the identity, or of whichever has it. */
  version(ref, identity) {
    const among = identity ? [this.identity(identity)] : [this.identity(), ...this.value];
    const images = among.flatMap((each) => each?.images ?? []);
    return images.find((each) => each.id === ref || each.handle === ref) ?? null;
  }

  /** Whether a version is the one that the person accepted. */
  accepted(version) {
    return this.value.some((each) => each.accepted?.id === version);
  }
}
