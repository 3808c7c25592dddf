/** Every call of the server, in one place. */

/** What the server answered instead: a problem document (RFC 9457). Its message is for the person. */
export class Problem extends Error {
  constructor(status, told) {
    super(told.detail ?? "Something went wrong on our side.");
    this.status = status;
    this.code = told.code ?? "failed";
    this.told = told;
  }

  /** Whether the same may work in a moment: the server is stopping, busy or not reached by its proxy. */
  get passing() {
    return [429, 502, 503, 504].includes(this.status) && this.code !== "model_unavailable";
  }
}

/** The server was not reached. */
export class Unreached extends Error {
  constructor() {
    super("The server cannot be reached just now.");
  }
}

export class Api {
  /**
   * @param {string} base Where the application is, with a slash at the end.
   * @param {string} [token] A key; left out: the browser's session.
   */
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  async #send(method, path, { json, body, headers = {}, signal } = {}) {
    const request = { method, headers: { ...headers }, body, signal, cache: "no-store" };
    if (json !== undefined) {
      request.body = JSON.stringify(json);
      request.headers["Content-Type"] = "application/json";
    }
    if (this.token) request.headers.Authorization = `Bearer ${this.token}`;
    request.credentials = this.token ? "omit" : "same-origin";
    let response;
    try {
      response = await fetch(this.#address(path), request);
    } catch (error) {
      throw signal?.aborted ? error : new Unreached();
    }
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
    return response;
  }

  async #json(method, path, given) {
    const response = await this.#send(method, path, given);
    return response.status === 204 ? null : response.json();
  }

  #address(path) {
    return new URL(`api/v1/${path}`, this.base);
  }

  session = () => (this.token ? { signed_in: true } : this.#json("GET", "sessions/"));
  signIn = (key) => this.#json("POST", "sessions/", { json: key ? { key } : {} });
  signOut = () => this.#send("DELETE", "sessions/");

  conversations = () => this.#json("GET", "conversations/");
  conversation = (id) => this.#json("GET", `conversations/${id}/`);
  begin = () => this.#json("POST", "conversations/");
  events = (id, after, signal) => this.#send("GET", `conversations/${id}/events/?after=${after}`, { signal });
  turn = (id, did, key, signal) =>
    this.#send("POST", `conversations/${id}/turns/`, { json: did, headers: { "Idempotency-Key": key }, signal });

  me = () => this.#json("GET", "users/me/");
  addPhoto = (file) => this.#json("PUT", "users/me/upload-photo/", { body: form("image", file) });
  removePhoto = (id) => this.#json("DELETE", `users/me/photos/${id}/`);
  makePrimary = (id) => this.#json("POST", `users/me/photos/${id}/primary/`);
  agree = (subject, version) =>
    this.#json("PUT", "users/me/consent/", { json: { statement: "I agree", subject, text_version: version } });
  revoke = () => this.#json("DELETE", "users/me/consent/");
  costs = () => this.#json("GET", "users/me/costs/");
  takeout = () => this.#blob("users/me/export/");
  erase = () => this.#json("DELETE", "users/me/", { json: { confirm: "erase" } });

  identities = () => this.#json("GET", "identities/");
  versions = (identity) => this.#json("GET", `identities/${identity}/versions/`);
  compare = (identity, handles) => this.#json("GET", `identities/${identity}/compare/?versions=${handles.join(",")}`);
  provenance = (version) => this.#json("GET", `versions/${version}/provenance/`);
  addMask = (version, png) =>
    this.#json("POST", `versions/${version}/masks/`, { body: png, headers: { "Content-Type": "image/png" } });
  picture = (version) => this.#blob(`versions/${version}/picture/`);

  flows = () => this.#json("GET", "flows/");
  flow = (id) => this.#json("GET", `flows/${id}/`);
  draw = (title, graph) => this.#json("POST", "flows/", { json: { title, graph } });
  saveFlow = (id, flow) => this.#json("PUT", `flows/${id}/`, { json: flow });
  removeFlow = (id) => this.#send("DELETE", `flows/${id}/`);
  quote = (id) => this.#json("GET", `flows/${id}/quote/`);
  flowEvents = (id, after, signal) => this.#send("GET", `flows/${id}/events/?after=${after}`, { signal });
  run = (id, what, key, signal) =>
    this.#send("POST", `flows/${id}/runs/`, { json: what, headers: { "Idempotency-Key": key }, signal });
  upload = (flow, file) => this.#json("POST", `flows/${flow}/uploads/`, { body: form("image", file) });

  everybody = (what, query = {}) => this.#json("GET", `operator/${what}/?${new URLSearchParams(query)}`);
  settle = (generation, found) => this.#json("POST", `operator/doubts/${generation}/settle/`, { json: found });

  async #blob(path) {
    return (await this.#send("GET", path)).blob();
  }

  /** Where a small form of a version is: with a key, which an `<img>` cannot send, only the link to all of it. */
  thumbnail(version, width = 320) {
    return this.token ? version.url : this.#address(`versions/${version.id}/picture/?width=${width}`).href;
  }
}

function form(name, file) {
  const data = new FormData();
  data.append(name, file);
  return data;
}
