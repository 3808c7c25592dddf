/** A person's flows: to open another one, to begin one, to delete one. */

import { confirm, open } from "./dialogs.js";
import { button, h, iconButton } from "./dom.js";
import { moment } from "./words.js";

/** Show them as a dialog. */
export async function flowList(app) {
  await app.keeper.flush();
  const all = await app.api.flows();
  const go = await open(app.root, { title: "Your flows", look: "small" }, (close) => [
    h("ul", { class: "flow-list" }, ...all.map((each) => one(app, each, close))),
    h("footer", {}, button("New flow", { class: "primary", onclick: () => close(() => app.another()) }, "add")),
  ]);
  await go?.();
}

function one(app, { id, title, updated_at }, close) {
  const here = id === app.flow.id;
  return h(
    "li",
    { class: "row" },
    h(
      "button",
      { type: "button", class: "plain", "aria-current": here ? "true" : null, onclick: () => close(() => app.enter(id)) },
      h("span", {}, h("b", {}, title || "Without a name"), h("small", {}, moment(updated_at))),
    ),
    iconButton(`Delete ${title}`, "trash", { class: "plain", onclick: () => close(() => remove(app, id, title)) }),
  );
}

async function remove(app, id, title) {
  const sure = await confirm(app.root, {
    title: `Delete “${title}”?`,
    text: "The drawing is deleted, and what was seen of its runs. The pictures that were made stay yours.",
    yes: "Delete it",
    danger: true,
  });
  if (!sure) return;
  await app.api.removeFlow(id);
  if (id !== app.flow.id) return;
  app.keeper.forget();
  await app.start();
}
