/** A conversation as it is shown: what its events, from the first one on, come to. */

import { DRAWS } from "./words.js";

/**
 * Takes the events in their order and keeps a list of items. Each has a `kind`:
 *
 * - `you` what the person said, `{text, about?}`; `did` a button they pressed, `{action, arguments}`
 * - `coach` what the coach said, `{text, open}`
 * - `work` an action that runs, `{action, text, began, state, preview?}`, until it has a `picture` or a `sheet`
 * - `ask` what waits for their yes, `{action, ask, arguments, digest, expires_at, answer?}`
 * - `kept` a picture they accepted, `{picture}`; `trouble` what went wrong, `{code, say}`
 *
 * Events: `change` with the item that is new or different; `live` with an item that came while one looked on,
 * and with `null` when a turn has ended.
 */
export class Story extends EventTarget {
  #calls = new Map();
  #asks = new Map();

  constructor() {
    super();
    this.items = [];
    this.phase = "";
    this.running = 0;
    /** The number of the last event. */
    this.seen = 0;
    /** Whether what comes now happens now: the past has been shown. */
    this.live = false;
  }

  /** Seconds that the pictures of this conversation took. */
  get seconds() {
    return this.items.map((item) => item.picture?.seconds).filter((seconds) => typeof seconds === "number");
  }

  /** The item whose picture is talked about: the last that shows a single one, also one from before. */
  get shown() {
    return this.items.findLast(({ picture, sheet }) => picture?.model || sheet?.handles.length === 1) ?? null;
  }

  /** Take the next event. */
  take({ id, name, data }) {
    this.seen = id;
    if (name !== "say") this.#closeSpeech();
    this[`_${name}`]?.(data);
  }

  _said(data) {
    this.running += 1;
    if (data.type === "say") this.#add({ kind: "you", text: data.text });
    else if (data.type === "press") this.#pressed(data);
    else if (data.type === "decide") this.#answered(data);
    else this.#changed(null);
  }

  #pressed({ action, arguments: given }) {
    if (given.change) this.#add({ kind: "you", text: given.change, about: given.version });
    else this.#add({ kind: "did", action, arguments: given });
  }

  #answered({ call_id, yes }) {
    const item = this.#asks.get(call_id);
    if (item) this.#change(item, { answer: yes ? "yes" : "no" });
  }

  _say({ text }) {
    const last = this.items.at(-1);
    if (last?.kind === "coach" && last.open) this.#change(last, { text: last.text + text });
    else this.#add({ kind: "coach", text, open: true });
  }

  _started({ call_id, action }) {
    const began = this.live ? Date.now() : null;
    this.#work(call_id, { action, began, draws: DRAWS.has(action) });
  }

  _progress({ call_id, text }) {
    this.#of(call_id, { text });
  }

  _preview({ call_id, url, index }) {
    this.#of(call_id, { draws: true, preview: { url, index, seq: this.seen } });
  }

  _image({ call_id, picture }) {
    const kind = picture.version_id ? { picture } : { sheet: { handles: [], title: "", ...picture } };
    this.#of(call_id, { ...kind, state: "done", seq: this.seen });
    this.#happened(this.#calls.get(call_id));
  }

  _accepted({ call_id, picture }) {
    this.#of(call_id, { kind: "kept", picture, state: "done", seq: this.seen });
    this.#happened(this.#calls.get(call_id));
  }

  _finished({ call_id, state }) {
    const ask = this.#asks.get(call_id);
    // Asked once more: that one is open now.
    if (ask && !ask.answer && state === "declined") this.#change(ask, { answer: "withdrawn" });
    else this.#of(call_id, { state });
  }

  _waiting(data) {
    const item = this.#add({ kind: "ask", ...data });
    this.#asks.set(data.call_id, item);
    this.#happened(item);
  }

  _phase({ phase }) {
    this.phase = phase;
    this.#changed(null);
  }

  _error({ code, say }) {
    this.#add({ kind: "trouble", code, say });
  }

  _done() {
    this.running = Math.max(0, this.running - 1);
    if (this.running === 0) {
      for (const item of this.#calls.values()) {
        if (item.state === "running") this.#change(item, { state: "stopped" });
      }
      this.#calls.clear();
    }
    this.#changed(null);
    this.#happened(null);
  }

  #closeSpeech() {
    const last = this.items.at(-1);
    if (last?.kind === "coach" && last.open) {
      this.#change(last, { open: false });
      this.#happened(last);
    }
  }

  #of(call_id, values) {
    this.#change(this.#calls.get(call_id) ?? this.#work(call_id, {}), values);
  }

  #work(call_id, values) {
    const item = this.#add({ kind: "work", call_id, text: "", state: "running", ...values });
    this.#calls.set(call_id, item);
    return item;
  }

  #add(item) {
    this.items.push(item);
    this.#changed(item);
    return item;
  }

  #change(item, values) {
    Object.assign(item, values);
    this.#changed(item);
  }

  #changed(item) {
    this.dispatchEvent(new CustomEvent("change", { detail: item }));
  }

  #happened(item) {
    if (this.live) this.dispatchEvent(new CustomEvent("live", { detail: item }));
  }
}
