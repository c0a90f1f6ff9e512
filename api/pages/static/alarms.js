// The alarms page: fetched again every few seconds; an alarm is acknowledged with a note.

import { api, duration, localise, number, t, toast } from "/static/lib.js";
import { showProblem } from "/static/forms.js";

const EVERY_MS = 5000;
const GIB = 1 << 30;
const dialog = document.getElementById("acknowledge");

const WRITERS = {
  state: (value) => t(`stream.${value}`, {}, t(`picture.${value}`, {}, value)),
  seconds: (value) => duration(Math.abs(Number(value))),
  waiting: (value) => number(Number(value)),
  missed: (value) => number(Number(value)),
  free_bytes: (value) => `${number(Number(value) / GIB, 1)} GiB`,
};

function write(root) {
  localise(root);
  for (const element of root.querySelectorAll("[data-figure]")) {
    const { figure, value } = element.dataset;
    element.textContent = t(`alarm_figure.${figure}`, { value: WRITERS[figure](value) });
  }
}

async function refresh() {
  if (document.hidden || dialog?.open) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("alarms");
  const old = document.getElementById("alarms");
  if (!fresh || old.contains(document.activeElement)) return;
  write(fresh);
  old.replaceWith(document.adoptNode(fresh));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-acknowledge]");
  if (!button) return;
  dialog.dataset.alarm = button.dataset.acknowledge;
  dialog.querySelector("[data-name]").textContent = button.dataset.name;
  dialog.querySelector("form").reset();
  showProblem(dialog.querySelector("form"), "");
  dialog.showModal();
  dialog.querySelector("textarea").focus();
});

dialog?.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog?.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    await api("POST", `/api/v1/alarms/${dialog.dataset.alarm}/acknowledgement`, { note: form.elements.note.value });
    dialog.close();
    toast(t("common.saved"), "good");
    document.activeElement?.blur();
    document.dispatchEvent(new CustomEvent("alarms-changed"));
    await refresh();
  } catch (error) {
    showProblem(form, error.message);
  }
});

write(document);
setInterval(() => refresh().catch(() => {}), EVERY_MS);
