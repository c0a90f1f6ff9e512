// Fetches this page again every few seconds and swaps in the part that changes.

import { localise } from "/static/lib.js";

const EVERY_MS = 4000;

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("refresh");
  if (!fresh) return;
  localise(fresh);
  document.getElementById("refresh").replaceWith(document.adoptNode(fresh));
}

setInterval(() => refresh().catch(() => {}), EVERY_MS);
