// One rule as fields, made from the API's own schema of its kind: names, limits and choices are never written twice.

import { duration, h, known, number, t } from "/static/lib.js";
import { scheduleEditor } from "/static/schedule-editor.js";

// What everybody sets; the rest is folded away.
const PLAIN = ["dwell_seconds", "schedule", "permitted", "permits", "areas", "loads"];

function plainSchema(schema, definitions) {
  const found = (schema.anyOf ?? [schema]).find((each) => each.type !== "null");
  return found.$ref ? { ref: found.$ref.split("/").at(-1), ...definitions[found.$ref.split("/").at(-1)] } : found;
}

const label = (name) => t(`rule.${name}`, {}, name);

function limits(name, schema) {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (high === undefined) return "";
  const write = name.endsWith("_seconds") ? duration : (value) => number(value, 2);
  return t("rule.between", { low: write(low ?? 0), high: write(high) });
}

function numberField(name, schema, value, required) {
  const box = h("input", {
    type: "number", step: "any", min: schema.minimum ?? schema.exclusiveMinimum, max: schema.maximum ?? schema.exclusiveMaximum,
    value: value ?? "", required, placeholder: required ? "" : t("rule.default"), "data-rule": name,
  });
  const element = h("label", { class: "field" }, h("span", {}, label(name)), box, h("small", {}, limits(name, schema)));
  element.read = () => (box.value === "" ? undefined : Number(box.value));
  return element;
}

function choiceField(name, schema, value) {
  const boxes = schema.items.enum.map((each) => h("input", { type: "checkbox", value: each, checked: value?.includes(each) }));
  const element = h("fieldset", { class: "field checks" }, h("legend", {}, label(name)),
    h("div", {}, boxes.map((box) => h("label", {}, box, t(`${name === "areas" ? "area" : name}.${box.value}`, {}, box.value)))));
  element.read = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    return chosen.length ? chosen : undefined;
  };
  return element;
}

function namesField(name, value) {
  const box = h("input", { value: (value ?? []).join(", "), placeholder: t("rule.default"), autocomplete: "off", "data-rule": name });
  const element = h("label", { class: "field" }, h("span", {}, label(name)), box, h("small", {}, t("rule.names_hint")));
  const given = value !== undefined && value !== null;
  element.read = () => {
    const names = box.value.split(/[,，]/).map((each) => each.trim()).filter(Boolean);
    // An empty list that was given stays one: it is not the same as the worker's own.
    return names.length || (given && !value.length) ? names : undefined;
  };
  return element;
}

function permitRow(permit, tools) {
  const id = h("input", { value: permit.id ?? "", maxlength: 100, required: true, autocomplete: "off" });
  let points = permit.polygon ?? [];
  const count = h("small", {});
  const say = () => (count.textContent = t("zones.corners", { n: points.length }));
  const draw = () => tools.draw(points, (changed) => {
    points = changed;
    say();
  }, id.value || t("rule.permit"));
  const element = h("fieldset", { class: "schedule-row" }, h("legend", {}, t("rule.permit")),
    h("label", { class: "field" }, h("span", {}, t("rule.permit_number")), id), count,
    h("button", { type: "button", onclick: draw }, t("zones.draw_this")),
    h("button", { type: "button", class: "quiet danger", onclick: () => element.remove() }, t("common.remove")));
  element.read = () => ({ ...permit, id: id.value.trim(), polygon: points });
  say();
  return element;
}

function permitsField(value, tools) {
  const rows = h("div", {}, (value ?? []).map((permit) => permitRow(permit, tools)));
  const add = h("button", { type: "button", class: "quiet", onclick: () => rows.append(permitRow({}, tools)) }, `+ ${t("rule.add_permit")}`);
  const element = h("fieldset", { class: "schedule" }, h("legend", {}, label("permits")), rows, h("p", {}, add));
  element.read = () => {
    const found = [...rows.children].map((row) => row.read());
    return found.length ? found : undefined;
  };
  return element;
}

function scheduleField(name, value) {
  const element = scheduleEditor(value, label(name));
  const readSchedule = element.read;
  element.read = () => readSchedule() ?? undefined;
  return element;
}

function fieldOf(name, schema, value, context) {
  if (schema.ref === "Schedule") return scheduleField(name, value);
  if (name === "permits") return permitsField(value, context.tools);
  if (schema.type === "array") return schema.items.enum ? choiceField(name, schema, value) : namesField(name, value);
  return numberField(name, schema, value, context.required.includes(name));
}

/** The form of one rule. `read()` gives the rule; `tools.draw(points, onChange, name)` lets somebody draw an outline. */
export function ruleForm(rule, schema, tools) {
  const context = { required: schema.required ?? [], tools };
  const names = Object.keys(schema.properties).filter((name) => name !== "kind");
  const fields = names.map((name) => [name, fieldOf(name, plainSchema(schema.properties[name], schema.$defs ?? {}), rule[name], context)]);
  const pick = (plain) => fields.filter(([name]) => PLAIN.includes(name) === plain).map(([, field]) => field);
  const element = h("section", { class: "rule", "data-kind": rule.kind },
    h("header", {}, h("h3", {}, t(`kind.${rule.kind}`)), h("button", { type: "button", class: "quiet danger", onclick: () => tools.remove(element) }, t("common.remove"))),
    known(`rule_about.${rule.kind}`) ? h("p", { class: "small muted" }, t(`rule_about.${rule.kind}`)) : null,
    h("div", { class: "rule-fields" }, pick(true)),
    h("details", {}, h("summary", {}, t("rule.more")), h("div", { class: "rule-fields" }, pick(false))));
  element.read = () => {
    const found = { kind: rule.kind };
    for (const [name, field] of fields) {
      const value = field.read();
      if (value !== undefined) found[name] = value;
    }
    return found;
  };
  return element;
}
