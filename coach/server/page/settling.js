/** Ending a doubt by hand, with what the operator found out at the picture service. */

import { open } from "./dialogs.js";
import { h } from "./dom.js";
import { dollars } from "./words.js";

/** Ask what was found, and settle it. */
export async function settling(app, row) {
  const found = await open(app.root, { title: "What did the service charge?", look: "small" }, (close) => [form(row, close)]);
  if (!found) return;
  try {
    const settled = await app.api.settle(row.id, found);
    await app.refresh();
    app.notice(settled.paid === "paid" ? "It is settled as charged." : "It is settled as not charged: what was held is free.");
  } catch (error) {
    app.fail(error);
  }
}

function form(row, close) {
  const amount = h("input", {
    name: "amount",
    inputMode: "decimal",
    pattern: "[0-9]{1,6}([.][0-9]{1,6})?",
    placeholder: "0.042",
    title: "Dollars, like 0.042",
  });
  const choice = (value, words) =>
    h("label", { class: "choice" }, h("input", { type: "radio", name: "charged", value, required: true }), h("span", {}, words));
  const name = row.request_id ?? row.job_id;
  const made = h(
    "form",
    {
      class: "settling",
      onsubmit: (event) => {
        event.preventDefault();
        close(foundOf(new FormData(made)));
      },
    },
    h("p", {}, `${dollars(row.quote_micros)} is held for a picture by ${row.model}, and nobody here knows whether it was charged.`),
    h("p", {}, name ? `Look it up in the service's own records: ${name}.` : "The service gave it no name: look at its time and model."),
    h(
      "fieldset",
      {},
      h("legend", {}, "What did you find?"),
      choice("no", "It was not charged: what is held becomes free"),
      choice("yes", "It was charged: what is held is spent"),
    ),
    h("label", {}, `How much, in dollars, when it was charged. Left out: ${dollars(row.quote_micros)}.`, amount),
    h("p", { class: "soft" }, "This cannot be taken back. The picture's history says that you settled it."),
    h(
      "footer",
      {},
      h("button", { type: "button", onclick: () => close() }, "Cancel"),
      h("button", { type: "submit", class: "primary" }, "Settle it"),
    ),
  );
  return made;
}

function foundOf(said) {
  const [charged, amount] = [said.get("charged") === "yes", said.get("amount")];
  return charged && amount ? { charged, micros: Math.round(Number(amount) * 1e6) } : { charged };
}
