// A camera's legal file, filled in on the wall.

import { api, t } from "/static/lib.js";
import { showProblem } from "/static/forms.js";

const dialog = document.getElementById("camera-file");
const form = dialog.querySelector("form");

document.getElementById("wall")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-file]");
  if (!button) return;
  const tile = button.closest("li[data-camera]");
  const file = JSON.parse(button.dataset.file);
  form.dataset.camera = tile.dataset.camera;
  form.dataset.version = button.dataset.version;
  dialog.querySelector("h2").textContent = t("wall.file_of", { name: tile.querySelector("h2").textContent });
  for (const input of form.querySelectorAll("input")) input.value = file[input.name] ?? "";
  showProblem(form, "");
  dialog.showModal();
});

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = {};
  for (const input of form.querySelectorAll("input")) if (input.value.trim()) file[input.name] = input.value.trim();
  try {
    await api("PATCH", `/api/v1/cameras/${encodeURIComponent(form.dataset.camera)}`, { version: Number(form.dataset.version), file });
    location.reload();
  } catch (error) {
    showProblem(form, error.message);
  }
});
