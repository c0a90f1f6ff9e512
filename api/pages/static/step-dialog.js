// The dialog of a step: reasons by digit, fields that the step needs, a note. Built from the table of steps.

import { h, t } from "/static/lib.js";

const INPUTS = { until: "datetime-local" };

function valueOf(input) {
  return input.type === "datetime-local" ? new Date(input.value).toISOString() : input.value.trim();
}

/** Asks for what a step needs; calls `send({reason, note, ...})` once. A step that needs nothing is sent at once. */
export class StepDialog {
  #dialog;
  #title;
  #body;
  #choose = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#title = dialog.querySelector("h2");
    this.#body = dialog.querySelector("[data-body]");
    dialog.addEventListener("keydown", (event) => this.#key(event));
  }

  ask(step, send) {
    const { reasons, needs, needs_note: needsNote } = step;
    this.#choose = null;
    if (!reasons.length && !needs.length && !needsNote) return send({});
    this.#title.textContent = t(`ask.${step.action}`, {}, t(`action.${step.action}`, {}, step.action));
    if (reasons.length) this.#askReason(step, send);
    else this.#askFields(needs, needsNote, send);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#body.querySelector("input, textarea, button")?.focus();
    return undefined;
  }

  #finish(send, extra) {
    this.#dialog.close();
    send(extra);
  }

  #askReason(step, send) {
    this.#choose = (reason) => {
      this.#choose = null;
      const withReason = (extra) => send({ reason: reason.code, ...extra });
      if (!reason.needs_note && !step.needs.length) this.#finish(withReason, {});
      else this.#askFields(step.needs, reason.needs_note, withReason, t("review.note_needed"));
    };
    const choices = step.reasons.map((reason) => {
      const choose = () => this.#choose(reason);
      return h("li", {}, h("button", { type: "button", "data-reason": reason.code, "data-digit": reason.digit, onclick: choose },
        h("kbd", {}, reason.digit), " ", t(`reason.${reason.code}`, {}, reason.code)));
    });
    this.#body.replaceChildren(h("ol", { class: "reasons" }, choices));
  }

  #askFields(needs, needsNote, send, noteLabel = t("review.note")) {
    const field = (name, label) => h("label", { class: "field" }, h("span", {}, label),
      h("input", { name, type: INPUTS[name] ?? "text", required: true, maxlength: name === "note" ? 2000 : 200, autocomplete: "off" }));
    const form = h("form", { class: "note-form" }, needs.map((name) => field(name, t(`need.${name}`, {}, name))),
      needsNote ? field("note", noteLabel) : null,
      h("button", { class: "primary", type: "submit" }, t("common.save"), h("kbd", {}, t("key.enter"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const inputs = [...form.querySelectorAll("input")];
      const extra = Object.fromEntries(inputs.map((input) => [input.name, valueOf(input)]));
      if (Object.values(extra).every(Boolean)) this.#finish(send, extra);
    });
    this.#body.replaceChildren(form);
    form.querySelector("input").focus();
  }

  #key(event) {
    if (!this.#choose || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = this.#body.querySelector(`[data-digit="${CSS.escape(event.key)}"]`);
    if (!choice) return;
    event.preventDefault();
    choice.click();
  }
}
