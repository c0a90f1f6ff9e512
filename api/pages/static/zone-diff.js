// What one version of a zone has that another has not, in words. Pure.

import { t } from "/static/lib.js";

const same = (one, two) => JSON.stringify(one ?? null) === JSON.stringify(two ?? null);

function written(value) {
  if (value === undefined || value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function ruleLines(before, after) {
  const kind = t(`kind.${(after ?? before).kind}`);
  if (!before) return [t("diff.rule_added", { kind })];
  if (!after) return [t("diff.rule_removed", { kind })];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !same(before[name], after[name])).map((name) =>
    t("diff.field", { kind, field: t(`rule.${name}`, {}, name), from: written(before[name]), to: written(after[name]) }));
}

/** Lines of words; empty when both are the same. A zone is {class, polygon, rules, retired?}. */
export function changes(before, after) {
  if (!before) return [t("diff.new")];
  const lines = [];
  if (before.class !== after.class) lines.push(t("diff.class", { from: t(`zone_class.${before.class}`), to: t(`zone_class.${after.class}`) }));
  if (!same(before.polygon, after.polygon)) lines.push(t("diff.outline", { from: before.polygon.length, to: after.polygon.length }));
  const kinds = new Set([...before.rules, ...after.rules].map((rule) => rule.kind));
  for (const kind of kinds) {
    const [one, two] = [before, after].map((zone) => zone.rules.find((rule) => rule.kind === kind));
    lines.push(...ruleLines(one, two));
  }
  if (Boolean(before.retired) !== Boolean(after.retired)) lines.push(t(after.retired ? "diff.retired" : "diff.in_use"));
  return lines;
}
