// The camera wall: fetched again every few seconds, tile by tile; pictures are asked for again only when they are new.

import { h, localise, t } from "/static/lib.js";

const EVERY_MS = 4000;
const wall = document.getElementById("wall");
const enlarged = document.getElementById("enlarged");

/** Bring one tile to what the service tells now; a picture that is the same stays as it is, and so does an open fold. */
function renew(old, fresh) {
  const [was, is] = [old, fresh].map((tile) => tile.querySelector("img"));
  if (was && is && was.getAttribute("src") === is.getAttribute("src")) is.replaceWith(was);
  const [fold, folded] = [old, fresh].map((tile) => tile.querySelector("details"));
  folded.open = fold.open;
  const focused = old.contains(document.activeElement);
  if (!focused) old.replaceWith(fresh);
}

async function refresh() {
  if (document.hidden || !wall || document.querySelector("dialog[open]")) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const tile of page.querySelectorAll("#wall > li")) {
    const fresh = document.adoptNode(tile);
    localise(fresh);
    const old = wall.querySelector(`[data-camera="${CSS.escape(fresh.dataset.camera)}"]`);
    if (old) renew(old, fresh);
    else wall.append(fresh);
  }
  const counts = page.querySelector(".wall-counts");
  localise(counts);
  document.querySelector(".wall-counts").replaceWith(document.adoptNode(counts));
}

wall?.addEventListener("click", (event) => {
  const tile = event.target.closest("li");
  if (event.target.closest("[data-enlarge]")) {
    const image = h("img", { src: tile.querySelector("img").src, alt: t("cameras.last_picture") });
    enlarged.replaceChildren(h("div", { class: "frame" }, image), h("p", {}, tile.querySelector("h2").textContent));
    enlarged.showModal();
  }
});
enlarged.addEventListener("click", () => enlarged.close());

document.getElementById("add-camera")?.addEventListener("click", () => {
  const form = document.getElementById("camera-form");
  form.scrollIntoView({ block: "start" });
  form.elements.id.focus({ preventScroll: true });
});
setInterval(() => refresh().catch(() => {}), EVERY_MS);
