// The number of alarms that nobody has acknowledged, beside their page in the menu.

import { api, h, number, t } from "/static/lib.js";

const EVERY_MS = 20_000;
// A page that nobody touches asks no more, so that its session may end.
const IDLE_MS = 300_000;
const COUNTS = "/api/v1/alarms/counts";
let touched = Date.now();
const link = document.querySelector('.topbar nav a[href="/alarms"]');

async function count() {
  if (document.hidden || Date.now() - touched > IDLE_MS) return;
  const { unacknowledged } = await api("GET", COUNTS);
  let badge = link.querySelector(".alarm-count");
  if (!unacknowledged) {
    badge?.remove();
    return;
  }
  if (!badge) {
    badge = h("span", { class: "alarm-count" });
    link.append(" ", badge);
  }
  badge.textContent = number(unacknowledged);
  badge.title = t("nav.alarms_open", { n: number(unacknowledged) });
}

if (link) {
  const ask = () => count().catch(() => {});
  ask();
  setInterval(ask, EVERY_MS);
  for (const name of ["pointerdown", "pointermove", "keydown"]) document.addEventListener(name, () => (touched = Date.now()), { passive: true });
  document.addEventListener("alarms-changed", ask);
}
