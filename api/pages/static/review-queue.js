// The list of the queue: small pictures and words, in the order of this reviewer.

import { h, t, time } from "/static/lib.js";

function row(item, onChoose) {
  const picture = item.still_url
    ? h("img", { src: item.still_url, alt: "", loading: "lazy", width: 72, height: 41 })
    : h("span", { class: "no-still" });
  const words = h("span", { class: "row-text" }, h("strong", {}, t(`kind.${item.kind}`, {}, item.kind)),
    h("span", { class: "small" }, item.camera_name), h("span", { class: "small muted" }, time(item.started_at, { short: true })));
  return h("li", { "data-id": item.id }, h("button", { type: "button", onclick: () => onChoose(item.id), tabindex: "-1" }, picture, words));
}

/** Bring the list on the page to the queue without touching rows that stay; `isTaken(id)`: somebody else has it. */
export function drawQueue(list, queue, current, onChoose, isTaken) {
  const rows = new Map([...list.children].map((element) => [Number(element.dataset.id), element]));
  const wanted = queue.map((item) => rows.get(item.id) ?? row(item, onChoose));
  const ids = new Set(queue.map((item) => item.id));
  for (const [id, element] of rows) if (!ids.has(id)) element.remove();
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  for (const element of list.children) {
    mark(element, Number(element.dataset.id) === current);
    element.classList.toggle("taken", isTaken(Number(element.dataset.id)));
  }
}

function mark(element, isCurrent) {
  if (isCurrent === element.hasAttribute("aria-current")) return;
  if (isCurrent) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
  if (isCurrent) element.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The queue after the service told it anew: the order of this reviewer stays, skipped cases wait at the end. */
export function mergedQueue(old, items, skipped) {
  const fresh = new Map(items.map((item) => [item.id, item]));
  const known = new Set(old.map((item) => item.id));
  const kept = old.filter((item) => fresh.has(item.id)).map((item) => fresh.get(item.id));
  const queue = [...kept, ...items.filter((item) => !known.has(item.id))];
  return queue.sort((one, two) => skipped.has(one.id) - skipped.has(two.id));
}
