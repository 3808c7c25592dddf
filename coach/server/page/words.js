/** Words that the page has for what the server names. */

/** What an action does, while it does it; actions that are not here are only waited for. */
const DOING = {
  generate_identity_image: "Drawing your picture",
  revise_identity_image: "Changing your picture",
  accept_identity_visualization: "Keeping your picture",
  compare_identity_images: "Laying them side by side",
  show_identity_versions: "Getting your pictures",
  create_identity: "Putting it on your list",
  save_note: "Noting that",
  write_i_am_statement: "Writing it down",
  write_visualization: "Writing it down",
};

/** The actions that draw: a place is kept for their picture while they do. */
export const DRAWS = new Set(["generate_identity_image", "revise_identity_image"]);

/** What is being done, as long as an action runs. */
export const doing = (action) => DOING[action] ?? "Thinking";

/** A name of the server's, for people: `get_to_know_you` is "Get to know you". */
export function plain(name) {
  const words = String(name).replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a button of the person's said, in the conversation. */
export function pressed({ action, arguments: given }) {
  const which = given.version ? ` ${given.version}` : "";
  switch (action) {
    case "accept_identity_visualization":
      return "You said: this is me.";
    case "show_identity_versions":
      return which ? `You went back to${which}.` : "You asked for all pictures.";
    case "generate_identity_image":
      return "You asked for another try.";
    case "compare_identity_images":
      return "You asked to see them side by side.";
    default:
      return `You pressed “${plain(action)}”.`;
  }
}

/**
 * How like the person a picture is, in words that claim no more than was measured.
 *
 * @returns {{mark: string, words: string}} `mark` names the drawing beside the words.
 */
export function likenessOf({ likeness, skin }) {
  const words = {
    strong: "Strong likeness",
    fair: "Fair likeness",
    no: "May not look like you yet",
    "cannot judge": "Likeness could not be judged",
  };
  const beside = skin === "lighter" || skin === "darker" ? `, the skin came out ${skin}` : "";
  if (!(likeness in words)) return { mark: "unknown", words: "Likeness was not measured" };
  // As unlike the person as another face: the same rule as `Judgement.acceptable`.
  const mark = likeness === "cannot judge" ? "unknown" : beside ? "no" : likeness;
  return { mark, words: words[likeness] + beside };
}

const ORDER = ["strong", "fair", "unknown", "no"];

/** Versions, the most alike first, and else as they were. */
export function byLikeness(versions) {
  const rank = (version) => ORDER.indexOf(likenessOf(version).mark);
  return [...versions].sort((one, other) => rank(one) - rank(other));
}

/** What something cost; below a cent it is not rounded to nothing. */
export function dollars(micros) {
  if (micros === null || micros === undefined) return "not known";
  const digits = micros > 0 && micros < 10_000 ? 4 : 2;
  return `$${(micros / 1e6).toFixed(digits)}`;
}

/** A time span, roughly. */
export function span(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (seconds < 90) return whole === 1 ? "1 second" : `${whole} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}

/** The middle one of what pictures took, in seconds; `null`: there was none. */
export function usual(seconds) {
  const sorted = [...seconds].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** How long pictures usually take, from those of this conversation. */
export function usually(seconds) {
  const known = usual(seconds);
  if (known === null) return "How long it takes is not known yet; a minute or two is common.";
  return `Usually about ${span(known)}.`;
}

/** A moment, as people write it where they are. */
export const moment = (iso) => new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
