// Forms that speak to the API: <form data-api="POST /api/v1/things" data-then="reload">.
// `data-then="/things/{id}"` goes to what was made.
// A field's data-type says what it becomes: number, coordinate, boolean, list (checkboxes), optional (left out when empty).

import { api, t, toast } from "/static/lib.js";

/** Degrees as people write them: 23.1291, with a comma or a sign; what is no number is left to the service to refuse. */
export function degrees(text) {
  const value = Number(text.trim().replace(",", ".").replace(/°$/, ""));
  return Number.isNaN(value) ? text.trim() : value;
}

function valueOf(field) {
  const kind = field.dataset.type ?? "";
  if (kind === "number" || field.type === "number") return field.value === "" ? undefined : Number(field.value);
  if (kind === "coordinate") return field.value.trim() === "" ? undefined : degrees(field.value);
  if (kind === "boolean") return field.value === "true";
  if (kind === "optional" && field.value === "") return undefined;
  return field.value;
}

/** What a form says, as the object that the API takes. */
export function read(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.dataset.type === "list") {
      body[field.name] ??= [];
      if (field.checked) body[field.name].push(field.value);
    } else {
      body[field.name] = valueOf(field);
    }
  }
  return body;
}

/** Show a refusal beside its form, or as a notice when the form has no place for it. */
export function showProblem(form, text) {
  const place = form.querySelector(".problem");
  if (!place) {
    if (text) toast(text, "error");
    return;
  }
  place.textContent = text;
  place.hidden = !text;
}

function showOnce(text) {
  const place = document.getElementById("once");
  document.getElementById("once-text").textContent = text;
  place.hidden = false;
  place.scrollIntoView({ block: "center" });
}

async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const answer = await api(method, path, method === "DELETE" ? undefined : read(form));
  const once = form.dataset.once && answer?.[form.dataset.once];
  if (once) showOnce(once);
  const next = form.dataset.then ?? "";
  if (next.startsWith("/")) location.assign(next.replace("{id}", encodeURIComponent(answer?.id)));
  if (next === "reload" || (form.dataset.once && !once)) location.reload();
  if (form.dataset.toast || once) {
    form.reset();
    toast(form.dataset.toast ?? t("common.saved"));
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  showProblem(form, "");
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await send(form);
  } catch (error) {
    showProblem(form, error.message);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
});
