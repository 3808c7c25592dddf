/** Server-sent events over fetch: as EventSource reads them, but with a key in the headers where there is one. */

import { Problem } from "./api.js";
import { pause } from "./dom.js";

/** Seconds of silence after which a connection counts as lost; the server says something every 15. */
const SILENCE = 40;

/**
 * The events of an answer, as they come (HTML Standard, 9.2.6).
 *
 * @param {Response} response
 * @param {() => void} [heard] Told of every sign of life.
 */
export async function* eventsOf(response, heard = () => {}) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let fields = {};
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.map((each) => each.replace(/\r$/, ""))) {
        if (line === "") {
          if (fields.data) yield { id: Number(fields.id), name: fields.event, data: JSON.parse(fields.data) };
          fields = {};
        } else if (!line.startsWith(":")) {
          const at = line.indexOf(":");
          fields[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The first event of an answer; the rest is not waited for. */
export async function firstOf(response) {
  for await (const event of eventsOf(response)) return event;
  return null;
}

/**
 * Another link to the picture of an event: a link works for minutes, and the same event brings a new one.
 *
 * @param {(after: number, signal: AbortSignal) => Promise<Response>} ask
 * @param {number} seq The event's number.
 */
export async function renewed(ask, seq) {
  const asked = new AbortController();
  const event = await firstOf(await ask(seq - 1, asked.signal));
  asked.abort();
  return event?.data.picture?.url ?? event?.data.url ?? null;
}

/** Listens to a conversation without end, and comes back by itself with the number of the event seen last. */
export class Listener {
  #stopping = new AbortController();
  #current = null;

  /**
   * @param {object} given
   * @param {(after: number, signal: AbortSignal) => Promise<Response>} given.ask
   * @param {(event: object) => void} given.take Given each event.
   * @param {(connected: boolean) => void} given.tell Told when the connection is there, and when it is lost.
   * @param {(problem: Problem) => void} given.end Told why there is nothing to listen to any more.
   */
  constructor(given) {
    this.given = given;
    this.after = 0;
  }

  /** Listen until {@link stop}. */
  async run() {
    const wake = () => this.#current?.abort();
    const options = { signal: this.#stopping.signal };
    for (const name of ["offline", "online"]) addEventListener(name, wake, options);
    for (let failed = 0; !this.#stopping.signal.aborted; failed += 1) {
      try {
        await this.#once(() => (failed = 0));
      } catch (error) {
        if (error instanceof Problem && !error.passing && error.status < 500) return this.given.end(error);
      }
      if (this.#stopping.signal.aborted) return undefined;
      this.given.tell(false);
      await pause(Math.min(500 * 2 ** failed, 8000), "online");
    }
    return undefined;
  }

  async #once(connected) {
    this.#current = new AbortController();
    const signal = AbortSignal.any([this.#current.signal, this.#stopping.signal]);
    let silence = setTimeout(() => this.#current.abort(), SILENCE * 1000);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => this.#current.abort(), SILENCE * 1000);
    };
    try {
      const response = await this.given.ask(this.after, signal);
      connected();
      this.given.tell(true);
      for await (const event of eventsOf(response, heard)) {
        this.after = event.id;
        try {
          this.given.take(event);
        } catch (error) {
          reportError(error); // ours to mend, and no reason to hear no more
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  /** Stop listening, for good. */
  stop() {
    this.#stopping.abort();
  }
}
