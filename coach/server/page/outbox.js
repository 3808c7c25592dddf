/** What the person did, on its way to the server: once, whatever becomes of the connection or the page. */

import { Unreached } from "./api.js";
import { pause } from "./dom.js";
import { firstOf } from "./events.js";

/**
 * Sends one turn after the other. What is not there yet is kept in this tab, so that a reload sends it again
 * under the same key.
 *
 * Events: `change` when an entry was added, was sent or is held up; `refused` with the entry and the problem.
 */
export class Outbox extends EventTarget {
  #busy = false;
  #stopping = new AbortController();

  /**
   * @param {string} channel Where it happens: the id of a conversation or a flow.
   * @param {(did: object, key: string, signal: AbortSignal) => Promise<Response>} post Sends it; gives its events.
   */
  constructor(channel, post) {
    super();
    this.post = post;
    this.name = `coach.outbox.${channel}`;
    /** What is not in the conversation yet: `{key, did, seq?}`; `seq` is the event that shows it. */
    this.entries = JSON.parse(sessionStorage.getItem(this.name) ?? "[]");
    this.held = false;
  }

  /** Do something: a turn's body as the server takes it. */
  send(did, key = newKey()) {
    this.entries.push({ key, did });
    this.#keep();
    this.flush();
  }

  /** Forget what the conversation shows by now. */
  settle(seen) {
    const left = this.entries.filter((entry) => !(entry.seq <= seen));
    if (left.length === this.entries.length) return;
    this.entries = left;
    this.#keep();
  }

  /** Send what waits. */
  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    for (let failed = 0; !this.#stopping.signal.aborted; ) {
      const entry = this.entries.find((each) => each.seq === undefined);
      if (!entry) break;
      try {
        await this.#post(entry);
        failed = 0;
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        if (error instanceof Unreached || error.passing) {
          this.#hold(true);
          await pause(Math.min(500 * 2 ** failed++, 8000), "online");
        } else {
          this.#drop(entry, error);
        }
      }
    }
    this.#busy = false;
  }

  async #post(entry) {
    const response = await this.post(entry.did, entry.key, this.#stopping.signal);
    const first = await firstOf(response).catch(() => null);
    if (first === null) throw new Unreached(); // cut off before a word: asked again, it is the same turn
    entry.seq = first.id;
    this.held = false;
    this.#keep();
  }

  #hold(held) {
    this.held = held;
    this.dispatchEvent(new Event("change"));
  }

  #drop(entry, problem) {
    this.entries = this.entries.filter((each) => each !== entry);
    this.held = false;
    this.#keep();
    this.dispatchEvent(new CustomEvent("refused", { detail: { entry, problem } }));
  }

  #keep() {
    sessionStorage.setItem(this.name, JSON.stringify(this.entries));
    this.dispatchEvent(new Event("change"));
  }

  /** Send nothing more from here; what waits stays in this tab. */
  stop() {
    this.#stopping.abort();
  }
}

/** A key that nobody else has; `crypto.randomUUID` is not there over plain HTTP. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
