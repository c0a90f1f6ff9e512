// The number of alarms that nobody has acknowledged, beside their page in the menu.

import { api, h, number, t } from "/static/lib.js";

const EVERY_MS = 20_000;
const COUNTS = "/api/v1/alarms/counts";
const link = document.querySelector('.topbar nav a[href="/alarms"]');

async function count() {
  if (document.hidden) return;
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
  document.addEventListener("alarms-changed", ask);
}
