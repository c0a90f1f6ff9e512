// Adding and testing cameras: what a worker finds at an address, and the devices that answer in its net.

import { api, duration, h, number, t } from "/static/lib.js";
import { read, showProblem } from "/static/forms.js";

const form = document.getElementById("camera-form");
const probed = document.getElementById("probed");
const found = document.getElementById("found");
const deviceForm = document.getElementById("device-form");

/** A JPEG in base64, drawn on a canvas: the pages' policy shows pictures of this service alone. */
async function drawn(still) {
  const bytes = Uint8Array.from(atob(still), (char) => char.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const canvas = h("canvas", { width: bitmap.width, height: bitmap.height, role: "img", "aria-label": t("probe.still") });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas;
}

const fact = (name, value) => (value === null || value === undefined ? null : h("div", {}, h("dt", {}, t(`probe.${name}`)), h("dd", {}, value)));

function facts(answer) {
  return h("dl", { class: "figures" },
    fact("size", answer.width ? `${answer.width} × ${answer.height}` : null),
    fact("codec", answer.codec),
    fact("fps", answer.fps === null ? null : number(answer.fps, 1)),
    fact("keys", answer.key_spacing_s === null ? null : duration(answer.key_spacing_s)),
    fact("clock", answer.clock_offset_s === null ? null : duration(answer.clock_offset_s)),
    fact("took", duration(answer.took_s)),
    fact("worker", answer.worker_id || null));
}

async function works(answer) {
  const warnings = answer.warnings.map((name) => h("li", {}, t(`probe_warning.${name}`)));
  return [
    h("p", { class: "verdict good" }, t("probe.works")),
    answer.still ? await drawn(answer.still) : null,
    facts(answer),
    warnings.length ? h("ul", { class: "warnings" }, warnings) : null,
  ];
}

function fails(answer) {
  return [
    h("p", { class: "verdict bad" }, t("probe.fails"), " ", t(`probe_reason.${answer.reason}`)),
    h("p", {}, h("strong", {}, t("probe.todo")), ": ", t(`probe_todo.${answer.reason}`)),
    answer.detail ? h("p", { class: "small muted" }, t("probe.said"), ": ", h("code", {}, answer.detail)) : null,
  ];
}

/** Ask for a test and show in `place` what comes of it. */
async function probe(place, path, body) {
  place.replaceChildren(h("p", { class: "muted" }, t("cameras.testing")));
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await api("POST", path, body);
    place.replaceChildren(...(answer.ok ? await works(answer) : fails(answer)).filter(Boolean));
  } catch (error) {
    place.replaceChildren(h("p", { class: "verdict bad" }, error.message));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

document.getElementById("probe").addEventListener("click", async (event) => {
  showProblem(form, "");
  if (!form.elements.url.reportValidity()) return;
  event.target.disabled = true;
  const { url, transport } = read(form);
  await probe(document.getElementById("probe-result"), "/api/v1/cameras/probe", { url, transport });
  event.target.disabled = false;
});

document.getElementById("wall")?.addEventListener("click", (event) => {
  if (!event.target.closest("[data-probe]")) return;
  const { camera } = event.target.closest("li[data-camera]").dataset;
  probed.showModal();
  probe(probed.querySelector(".probe"), `/api/v1/cameras/${encodeURIComponent(camera)}/probe`);
});

function deviceItem(device) {
  const words = [device.name, device.hardware, device.location].filter(Boolean).join(" · ");
  const choose = () => {
    deviceForm.hidden = false;
    deviceForm.dataset.url = device.onvif_url;
    deviceForm.dataset.name = device.name;
    deviceForm.querySelector("[data-host]").textContent = device.host;
    deviceForm.querySelector("ul").replaceChildren();
    showProblem(deviceForm, "");
    deviceForm.elements.username.focus();
  };
  return h("li", {}, h("span", {}, h("strong", {}, device.host), words ? ` · ${words}` : "", " ",
    device.known ? h("span", { class: "badge" }, t("find.known", { id: device.known })) : null),
  h("button", { type: "button", onclick: choose }, t("find.choose")));
}

document.getElementById("find-cameras").addEventListener("click", async () => {
  const word = found.querySelector("[data-word]");
  const list = found.querySelector("ul");
  deviceForm.hidden = true;
  list.replaceChildren();
  word.textContent = t("find.finding");
  found.showModal();
  try {
    const { items, worker_id: worker } = await api("POST", "/api/v1/cameras/discovery");
    word.textContent = items.length ? t("find.found", { n: number(items.length), worker }) : t("find.none");
    list.replaceChildren(...items.map(deviceItem));
  } catch (error) {
    word.textContent = error.message;
  }
});

/** Credentials go into the address as the camera's own client will send them. */
function withUser(url, username, password) {
  if (!username) return url;
  const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  return url.replace(/^([a-z]+:\/\/)/, `$1${user}@`);
}

function streamItem(stream, username, password) {
  const size = stream.width ? `${stream.width} × ${stream.height}` : "";
  const words = [stream.name, stream.codec, size].filter(Boolean).join(" · ");
  const take = () => {
    found.close();
    form.elements.url.value = withUser(stream.url, username, password);
    if (!form.elements.name.value) form.elements.name.value = deviceForm.dataset.name;
    form.scrollIntoView({ block: "start" });
    form.elements.id.focus({ preventScroll: true });
  };
  return h("li", {}, h("span", {}, words, h("code", { class: "small" }, " ", stream.url)),
    h("button", { type: "button", class: "primary", onclick: take }, t("find.choose")));
}

deviceForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  showProblem(deviceForm, "");
  const { username, password } = read(deviceForm);
  const host = deviceForm.querySelector("[data-host]").textContent;
  const list = deviceForm.querySelector("ul");
  list.replaceChildren(h("li", { class: "muted" }, t("find.asking", { host })));
  try {
    const answer = await api("POST", "/api/v1/cameras/discovery/streams", { onvif_url: deviceForm.dataset.url, username, password });
    list.replaceChildren(...answer.items.filter((stream) => stream.url).map((stream) => streamItem(stream, username, password)));
    if (!answer.ok) showProblem(deviceForm, t(`find.problem.${answer.problem}`));
    else if (!list.children.length) showProblem(deviceForm, t("find.no_streams", { host }));
  } catch (error) {
    list.replaceChildren();
    showProblem(deviceForm, error.message);
  }
});
