// The frame around every page: signing out, language, theme, local times.

import { api, localise, toast } from "/static/lib.js";
import "/static/alarm-count.js";

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `streetwarden_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}

document.getElementById("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme;
  setTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
});

document.getElementById("sign-out")?.addEventListener("click", async () => {
  try {
    await api("DELETE", "/api/v1/session");
  } catch (error) {
    toast(error.message, "error");
    return;
  }
  location.assign("/login");
});

// Keep filters when the language changes.
for (const link of document.querySelectorAll("a[data-language]")) {
  const target = new URL(location.href);
  target.searchParams.set("lang", link.dataset.language);
  link.href = target.pathname + target.search;
}
// The choice is in a cookie now: do not leave it in the address.
const here = new URL(location.href);
if (here.searchParams.has("lang")) {
  here.searchParams.delete("lang");
  history.replaceState(null, "", here.pathname + here.search + here.hash);
}

localise();
