/** What the person agrees to before a photo leaves their machine, in the server's words. */

import { open } from "./dialogs.js";
import { h } from "./dom.js";

/** Ask for their consent. Gives whether it is on record now. */
export async function consent(app) {
  const given = app.me.value.consent;
  const said = await open(app.root, { title: "Before your photo", look: "consent" }, (close) => {
    // Nothing is chosen for them: what they declare is theirs to say.
    const choices = Object.entries(given.subjects).map(([subject, words]) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: "radio", name: "subject", value: subject, required: true }),
        h("span", {}, words),
      ),
    );
    const form = h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          close(new FormData(form).get("subject"));
        },
      },
      ...given.text.split("\n\n").map((part) => h("p", {}, part)),
      h("fieldset", {}, h("legend", {}, "Who is in the photo?"), ...choices),
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: () => close() }, "No, thank you"),
        h("button", { type: "submit", class: "primary" }, "I agree"),
      ),
    );
    return [form];
  });
  if (!said) return false;
  try {
    app.me.set(await app.api.agree(said, given.text_version));
  } catch (error) {
    app.composer.notice({ text: error.message });
    await app.me.refresh().catch(() => {}); // there may be a newer text
    return false;
  }
  return app.me.agreed;
}
