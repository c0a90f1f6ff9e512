// What stands around a case: earlier cases of the same place, and open ones that may be the same violation.

import { api, h, t, time } from "/static/lib.js";

const SHOWN = 6;

/** What the service finds around a case: {duplicates, earlier}, both empty when it cannot be read. */
export async function related(id) {
  try {
    return await api("GET", `/api/v1/cases/${id}/related`);
  } catch {
    return { duplicates: [], earlier: [] };
  }
}

function picture(item) {
  return item.still_url ? h("img", { src: item.still_url, alt: "", loading: "lazy", width: 96, height: 54 }) : null;
}

function line(item, withPicture = false) {
  return h(
    "li",
    {},
    withPicture ? picture(item) : null,
    h("a", { href: `/cases/${item.id}` }, `#${item.id}`), " ", t(`kind.${item.kind}`, {}, item.kind), " ",
    h("span", { class: `badge state-${item.state}` }, t(`state.${item.state}`, {}, item.state)),
    h("div", { class: "small muted" }, time(item.started_at),
      item.decision_reason ? ` · ${t(`reason.${item.decision_reason}`, {}, item.decision_reason)}` : ""),
  );
}

function earlierList(items) {
  if (!items.length) return null;
  const more = items.length > SHOWN ? h("p", { class: "small muted" }, t("review.earlier_more", { n: items.length - SHOWN })) : null;
  return [h("h3", {}, t("review.earlier")), h("ul", { class: "related" }, items.slice(0, SHOWN).map((item) => line(item))), more];
}

function duplicateBox(items, onReject) {
  const open = items.filter((item) => item.state === "candidate").length;
  if (!items.length) return null;
  return h(
    "div",
    { class: "duplicates" },
    h("h3", {}, t("review.duplicates")),
    h("ul", { class: "related" }, items.map((item) => line(item, true))),
    onReject && open ? h("button", { type: "button", "data-action": "duplicates", onclick: onReject }, t("review.reject_duplicates", { n: open }), h("kbd", {}, "d")) : null,
  );
}

/** Both as one element; `onReject` is null when the reader may not reject. */
export function context({ duplicates, earlier }, onReject) {
  return h("div", { class: "context" }, duplicateBox(duplicates, onReject), earlierList(earlier));
}
