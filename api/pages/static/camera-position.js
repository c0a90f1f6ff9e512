// Where a camera stands, told on the wall, for the map.

import { api, t } from "/static/lib.js";
import { degrees, showProblem } from "/static/forms.js";

const dialog = document.getElementById("camera-position");
const form = dialog.querySelector("form");

document.getElementById("wall")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-position]");
  if (!button) return;
  const tile = button.closest("li[data-camera]");
  const [latitude, longitude] = JSON.parse(button.dataset.position);
  form.dataset.camera = tile.dataset.camera;
  form.dataset.version = button.dataset.version;
  dialog.querySelector("h2").textContent = t("cameras.position_of", { name: tile.querySelector("h2").textContent });
  form.elements.latitude.value = latitude ?? "";
  form.elements.longitude.value = longitude ?? "";
  form.elements.district.value = button.dataset.district;
  showProblem(form, "");
  dialog.showModal();
});

function read(field) {
  return field.value.trim() === "" ? null : degrees(field.value);
}

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { latitude, longitude, district } = form.elements;
  const body = { version: Number(form.dataset.version), latitude: read(latitude), longitude: read(longitude), district: district.value.trim() };
  try {
    await api("PATCH", `/api/v1/cameras/${encodeURIComponent(form.dataset.camera)}`, body);
    location.reload();
  } catch (error) {
    showProblem(form, error.message);
  }
});
