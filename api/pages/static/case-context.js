// What stands around a case: earlier cases of the same place, and others in the queue that may be the same violation.

import { api, h, t, time } from "/static/lib.js";

const LOOK_BACK = 60;
const SHOWN = 6;
const SAME_WITHIN_MS = 15 * 60_000;

/** Earlier cases of the same camera and zone, newest first; an empty list when they cannot be read. */
export async function earlier(detail) {
  const place = new URLSearchParams({ camera_id: detail.camera_id, newest_first: "true", limit: LOOK_BACK });
  try {
    const found = await api("GET", `/api/v1/cases?${place}`);
    return found.items.filter((item) => item.zone_id === detail.zone_id && item.id < detail.id);
  } catch {
    return [];
  }
}

/** Cases of a queue that are of the same kind, place and time as this one. */
export function duplicates(detail, queue) {
  const at = Date.parse(detail.started_at);
  return queue.filter(
    (item) => item.id !== detail.id && item.kind === detail.kind && item.camera_id === detail.camera_id
      && item.zone_id === detail.zone_id && Math.abs(Date.parse(item.started_at) - at) <= SAME_WITHIN_MS,
  );
}

function line(item) {
  return h(
    "li",
    {},
    h("a", { href: `/cases/${item.id}` }, `#${item.id}`), " ", t(`kind.${item.kind}`, {}, item.kind), " ",
    h("span", { class: `badge state-${item.state}` }, t(`state.${item.state}`, {}, item.state)),
    h("div", { class: "small muted" }, time(item.started_at),
      item.decision_reason ? ` · ${t(`reason.${item.decision_reason}`, {}, item.decision_reason)}` : ""),
  );
}

function earlierList(items) {
  if (!items.length) return null;
  const more = items.length > SHOWN ? h("p", { class: "small muted" }, t("review.earlier_more", { n: items.length - SHOWN })) : null;
  return [h("h3", {}, t("review.earlier")), h("ul", { class: "related" }, items.slice(0, SHOWN).map(line)), more];
}

function duplicateBox(items, onReject) {
  if (!items.length) return null;
  return h(
    "div",
    { class: "duplicates" },
    h("h3", {}, t("review.duplicates")),
    h("ul", { class: "related" }, items.map(line)),
    onReject ? h("button", { type: "button", "data-action": "duplicates", onclick: onReject }, t("review.reject_duplicates", { n: items.length }), h("kbd", {}, "d")) : null,
  );
}

/** Both as one element; `onReject` is null when the reader may not reject. */
export function context(earlierItems, duplicateItems, onReject) {
  return h("div", { class: "context" }, duplicateBox(duplicateItems, onReject), earlierList(earlierItems));
}
