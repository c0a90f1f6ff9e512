// The audit page's button: check every hash of the log.

import { api, t } from "/static/lib.js";

const verdict = document.getElementById("verdict");

document.getElementById("check").addEventListener("click", async () => {
  verdict.className = "";
  verdict.textContent = t("common.loading");
  try {
    const found = await api("GET", "/api/v1/audit/verification");
    verdict.textContent = t(found.holds ? "audit.holds" : "audit.broken", found);
    verdict.className = found.holds ? "good" : "bad";
  } catch (error) {
    verdict.textContent = error.message;
    verdict.className = "bad";
  }
});
