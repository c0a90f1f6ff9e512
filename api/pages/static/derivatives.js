// Copies derived from a sealed package: overlay stills, a sheet, an A4 page, a share copy, a clip for every browser.
// They are made when somebody asks; a look at one is logged with its purpose, so none is fetched before it is asked for.

import { ApiError, api, h, language, number, t, toast } from "/static/lib.js";

const PURPOSES = ["review", "notice", "appeal", "court", "handover", "publication"];
const WORDED = new Set(["overlay", "sheet", "pdf"]); // made in a language
const LANGUAGES = { zh: "中文", en: "English" };

const path = (packageId) => `/api/v1/packages/${packageId}/derivatives`;
const making = new Map(); // what is being made, also while its case is not on the stage

/** Have one kind made, or hear that it was; asked twice meanwhile, it is made once. */
export function make(packageId, kind, inLanguage) {
  const key = [packageId, kind, WORDED.has(kind) ? inLanguage : ""].join(" ");
  if (!making.has(key)) {
    const asked = api("POST", path(packageId), { kind, language: inLanguage });
    making.set(key, asked);
    asked.catch(() => {}).finally(() => making.delete(key));
  }
  return making.get(key);
}

function isMaking(packageId, kind) {
  return [...making.keys()].some((key) => key.startsWith(`${packageId} ${kind} `));
}

function size(bytes) {
  return bytes < 1_000_000 ? `${number(bytes / 1000, 0)} kB` : `${number(bytes / 1e6, 1)} MB`;
}

function choice(label, values, chosen) {
  const options = values.map(([value, word]) => h("option", { value, selected: value === chosen }, word));
  return h("label", { class: "field" }, h("span", {}, label), h("select", {}, options));
}

/** The copies of one package: a part of the page that unfolds, and only then asks what there is. */
class Copies {
  #id;
  #makes;
  #rows = new Map();
  #purpose;
  #language;
  #asked = false;

  constructor(packageId, { kinds, make: makes }, byKey) {
    this.#id = packageId;
    this.#makes = makes;
    this.#purpose = choice(t("derived.purpose"), PURPOSES.map((each) => [each, t(`purpose.${each}`)]), "review");
    this.#language = choice(t("derived.language"), Object.entries(LANGUAGES), language.slice(0, 2));
    this.#purpose.addEventListener("change", () => this.#name());
    const rows = kinds.map((kind) => this.#row(kind));
    this.element = h("details", { class: "derived", "data-derived": packageId },
      h("summary", {}, t("derived.title"), byKey ? [" ", h("kbd", {}, "v")] : null),
      h("p", { class: "small muted" }, t("derived.hint")),
      h("div", { class: "derived-ask" }, this.#purpose, makes ? this.#language : null),
      h("ul", { class: "derived-kinds" }, rows));
    this.element.addEventListener("toggle", () => this.element.open && this.#list());
  }

  #row(kind) {
    const button = h("button", { type: "button", onclick: () => this.#make(kind) }, t("derived.make"),
      h("span", { class: "visually-hidden" }, ` ${t(`derived.${kind}`)}`));
    const state = h("p", { class: "small", role: "status", hidden: true });
    const files = h("ul", { class: "derived-files" });
    this.#rows.set(kind, { button, state, files });
    return h("li", { "data-kind": kind },
      h("div", { class: "derived-head" }, h("div", {}, h("strong", {}, t(`derived.${kind}`)), h("div", { class: "small muted" }, t(`derived.${kind}_is`))),
        this.#makes ? button : null),
      state, files);
  }

  async #list() {
    if (this.#asked) return;
    this.#asked = true;
    for (const kind of this.#rows.keys()) if (isMaking(this.#id, kind)) this.#make(kind);
    try {
      const { items } = await api("GET", path(this.#id));
      for (const kind of this.#rows.keys()) this.#put(kind, items.filter((item) => item.kind === kind));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#asked = false;
      toast(error.message, "error");
    }
  }

  /** Files of a kind beside those that stand there. */
  #put(kind, items) {
    const { files } = this.#rows.get(kind);
    for (const item of items) {
      if (files.querySelector(`[data-name="${CSS.escape(item.name)}"]`)) continue;
      files.append(this.#file(item));
    }
    this.#name();
  }

  #file(item) {
    return h("li", { "data-name": item.name },
      h("span", { class: "badge lead" }, t("derived.badge")), " ",
      h("a", { "data-url": item.url, target: "_blank", rel: "noopener", title: `SHA-256 ${item.sha256}` }, item.name), " ",
      h("span", { class: "small muted" }, size(item.size_bytes)), " · ",
      h("a", { class: "small", "data-url": item.statement_url }, t("derived.statement")));
  }

  /** The purpose goes with every look. */
  #name() {
    const purpose = this.#purpose.querySelector("select").value;
    for (const link of this.element.querySelectorAll("[data-url]")) link.href = `${link.dataset.url}?purpose=${purpose}`;
  }

  async #make(kind) {
    const { button, state } = this.#rows.get(kind);
    button.disabled = true;
    state.hidden = false;
    state.className = "small making";
    state.textContent = t("derived.making");
    const begun = Date.now();
    const spent = h("span", { "aria-hidden": "true" });
    state.append(" ", spent);
    const tick = setInterval(() => (spent.textContent = `${Math.round((Date.now() - begun) / 1000)} s`), 1000);
    try {
      const { items } = await make(this.#id, kind, this.#language.querySelector("select").value);
      this.#put(kind, items);
      state.textContent = items.length ? t("derived.made", { n: items.length }) : t(`derived.nothing_${kind}`, {}, t("derived.nothing"));
      state.className = "small good";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      state.textContent = error.message;
      state.className = "small problem";
    } finally {
      clearInterval(tick);
      button.disabled = false;
    }
  }
}

/** The copies of a package as an element; `offer` is {kinds, make}: which there are, and whether this reader has them made; `byKey`: the key unfolds these. */
export function copies(packageId, offer, byKey) {
  return new Copies(packageId, offer, byKey).element;
}

/** A clip that this browser cannot play: offer its copy in H.264, named as what it is. */
export function offerPlayable(video, packageId, caption, makes) {
  video.addEventListener("error", () => {
    if (video.dataset.derived) return;
    const note = h("div", { class: "unplayable" }, h("p", {}, t("derived.unplayable")));
    const button = h("button", { type: "button", onclick: play }, t("derived.play_h264"));
    if (makes) note.append(button);
    video.after(note);
    async function play() {
      button.disabled = true;
      button.textContent = t("derived.making");
      try {
        const { items } = await make(packageId, "h264", language.slice(0, 2));
        if (!items.length) throw new ApiError(0, t("derived.nothing_h264"));
        video.dataset.derived = "h264";
        video.src = `${items[0].url}?purpose=review`;
        caption.append(h("span", { class: "badge lead" }, t("derived.badge_h264")));
        note.remove();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        note.replaceChildren(h("p", { role: "alert" }, error.message));
      }
    }
  });
}
