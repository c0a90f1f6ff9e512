// A live view: asked for with a reason, shown while the dialog is open, and over when it is closed.

import { api, h, t } from "/static/lib.js";
import { showProblem } from "/static/forms.js";

const dialog = document.getElementById("live");
const form = document.getElementById("live-form");
const shown = document.getElementById("live-picture");
const word = shown.querySelector("[role=status]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

document.getElementById("wall")?.addEventListener("click", (event) => {
  if (!event.target.closest("[data-live]")) return;
  const tile = event.target.closest("li[data-camera]");
  dialog.dataset.camera = tile.dataset.camera;
  dialog.dataset.name = tile.querySelector("h2").textContent;
  dialog.querySelector("h2").textContent = t("live.title", { name: dialog.dataset.name });
  form.hidden = false;
  shown.hidden = true;
  showProblem(form, "");
  dialog.showModal();
  form.elements.reason.focus();
});

function show(view) {
  const picture = h("img", { alt: t("live.picture", { name: dialog.dataset.name }) });
  const until = t("live.until", { time: clock.format(new Date(view.until)) });
  picture.addEventListener("load", () => (word.textContent = until));
  picture.addEventListener("error", () => (word.textContent = t("live.failed")));
  form.hidden = true;
  shown.hidden = false;
  word.textContent = t("live.waiting");
  shown.querySelector(".frame").replaceChildren(picture);
  picture.src = view.url;
  dialog.timer = setTimeout(() => end(t("live.over")), new Date(view.until) - Date.now());
}

/** Without its picture the browser closes the connection, and the worker may rest. */
function end(text) {
  clearTimeout(dialog.timer);
  const picture = shown.querySelector("img");
  if (!picture) return;
  picture.src = "/static/icon.svg";
  picture.remove();
  word.textContent = text;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  showProblem(form, "");
  try {
    show(await api("POST", `/api/v1/cameras/${encodeURIComponent(dialog.dataset.camera)}/live`, { reason: form.elements.reason.value.trim() }));
  } catch (error) {
    showProblem(form, error.message);
  }
});
for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => end(""));
