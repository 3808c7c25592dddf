/** Dialogs of the platform: the page behind is out of reach, Escape closes, the focus goes back. */

import { h, iconButton } from "./dom.js";

/**
 * Opens a dialog over the page.
 *
 * @param {Element} host Where it is put while it is open.
 * @param {object} given
 * @param {string} given.title Its name; its heading unless `bare`.
 * @param {string} [given.look] A class.
 * @param {boolean} [given.bare] Without a heading and a button that closes it.
 * @param {AbortSignal} [given.gone] Closes it, when what it is about is over.
 * @param {(close: (answer?: any) => void) => Node[]} content
 * @returns {Promise<any>} What `close` was given; `undefined` when it was closed otherwise.
 */
export function open(host, { title, look = "", bare = false, gone }, content) {
  return new Promise((resolve) => {
    let answer;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    const head = h(
      "header",
      {},
      h("h2", {}, title),
      iconButton("Close", "close", { class: "plain", onclick: () => close() }),
    );
    const dialog = h("dialog", {
      class: look,
      "aria-label": title,
      tabIndex: -1,
      onclick: (event) => event.target === dialog && !bare && close(),
      onclose: () => {
        dialog.remove();
        resolve(answer);
      },
    });
    // The padding is inside, so that a click beside the content is one on the dialog itself.
    dialog.append(h("div", { class: "inside" }, !bare && head, ...content(close)));
    gone?.addEventListener("abort", () => close());
    host.append(dialog);
    dialog.showModal();
    // On none of its buttons: Enter, typed a moment too late, decides nothing.
    dialog.focus();
  });
}

/** A question with two answers. Gives whether it was the first. */
export async function confirm(host, { title, text, yes, no = "Cancel", danger = false }) {
  return Boolean(
    await open(host, { title, look: "small" }, (close) => [
      ...[].concat(text).map((each) => h("p", {}, each)),
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: () => close(false) }, no),
        h("button", { type: "button", class: danger ? "danger" : "primary", onclick: () => close(true) }, yes),
      ),
    ]),
  );
}
