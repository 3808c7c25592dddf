/** The first thing somebody meets: what this is, and how to begin. */

import { h, icon } from "./dom.js";

/**
 * Lets the person in.
 *
 * @returns {Promise<void>} Once they are signed in.
 */
function welcome(app, session) {
  return new Promise((resolve) => {
    const trouble = h("p", { class: "trouble", role: "alert" });
    const enter = async (key) => {
      trouble.textContent = "";
      try {
        await app.api.signIn(key);
        resolve();
      } catch (error) {
        trouble.textContent = error.message;
      }
    };
    app.root.replaceChildren(
      h(
        "main",
        { class: "welcome" },
        h("span", { class: "sign large" }, icon("you")),
        h("h1", {}, "See yourself as who you want to be"),
        h(
          "p",
          {},
          "A coach talks with you until you can say who you are at your best. Then you see it: ",
          "a picture of you, from your own photo, living it.",
        ),
        h("p", { class: "soft" }, "You talk with an AI, and the picture is made by one. Your photo stays yours."),
        session.guests && h("button", { type: "button", class: "primary large", onclick: () => enter() }, "Begin"),
        session.guests ? h("details", {}, h("summary", {}, "I have a key"), keyForm(enter)) : keyForm(enter),
        trouble,
      ),
    );
  });
}

/**
 * Waits until somebody is signed in.
 *
 * @returns {Promise<object>} Their session, as the server tells it.
 */
export async function signedIn(app) {
  const session = await app.api.session();
  if (session.signed_in) return session;
  if (session.by_host) throw new Error("Sign in to the application that this page is part of, then come back.");
  await welcome(app, session);
  return app.api.session();
}

/** Tells of a problem that ends everything, with a way on. */
export function stuck(app, error) {
  const again = h("button", { type: "button", class: "primary", onclick: () => app.start() }, "Try again");
  app.root.replaceChildren(h("main", { class: "welcome" }, h("p", { role: "alert" }, error.message), again));
}

function keyForm(enter) {
  const field = h("input", {
    type: "password",
    name: "key",
    required: true,
    autocomplete: "current-password",
    placeholder: "coach_…",
    "aria-label": "Your key",
  });
  const submit = (event) => {
    event.preventDefault();
    enter(field.value.trim());
  };
  return h(
    "form",
    { class: "key", onsubmit: submit },
    field,
    h("button", { type: "submit", class: "primary" }, "Sign in"),
  );
}
