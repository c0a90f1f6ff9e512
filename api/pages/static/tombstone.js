// What stands for a package that retention deleted: when, by which rule, and whether signature and chain hold now.

import { ApiError, api, h, t, time } from "/static/lib.js";

function verdict(told) {
  if (told.problems.length) {
    return [h("p", { class: "problem small" }, t("tombstone.broken")),
      h("ul", { class: "plain" }, told.problems.map((each) => h("li", {}, each)))];
  }
  const around = told.neighbours.length ? t("tombstone.chain_between", { n: told.sequence, others: told.neighbours.join(", ") })
    : t("tombstone.chain_alone", { n: told.sequence });
  return [h("p", {}, h("span", { class: "badge good" }, `✓ ${t("tombstone.holds")}`)), h("p", { class: "small muted" }, around)];
}

function row(name, ...value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}

function words(told) {
  return [
    ...verdict(told),
    h("dl", { class: "fact-list small" },
      row(t("tombstone.policy"), told.policy),
      row(t("tombstone.rule"), told.rule),
      row(t("tombstone.class"), t(`retention_class.${told.retention_class}`, {}, told.retention_class)),
      row(t("tombstone.sealed"), time(told.sealed_at)),
      row(t("tombstone.by"), told.deleted_by),
      row(t("tombstone.hash"), h("span", { class: "mono", title: told.manifest_sha256 }, `${told.manifest_sha256.slice(0, 16)}…`))),
    h("a", { class: "small", href: told.url }, t("tombstone.file")),
  ];
}

/** One deleted package of a case; the check is made when it comes on the page. */
export function tombstone(item) {
  const checked = h("div", { class: "tombstone-check", role: "status" }, h("p", { class: "small muted" }, t("tombstone.checking")));
  api("GET", `/api/v1/packages/${item.package_id}/tombstone`)
    .then((told) => checked.replaceChildren(...words(told)))
    .catch((error) => {
      if (!(error instanceof ApiError)) throw error;
      checked.replaceChildren(h("p", { class: "problem small" }, error.message));
    });
  return h("section", { class: "tombstone", "data-tombstone": item.package_id },
    h("h3", {}, t("tombstone.title")),
    h("p", { class: "small" }, t("tombstone.when"), " ", time(item.deleted_at)),
    checked);
}
