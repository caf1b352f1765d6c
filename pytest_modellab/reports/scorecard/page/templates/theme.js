"use strict";
(() => {
  const root = document.documentElement;

  // Theme: what the system prefers, until it is chosen here.
  const remembered = () => { try { return localStorage.getItem("modellab-theme"); } catch { return null; } };
  const apply = theme => { if (theme) root.dataset.theme = theme; };
  apply(remembered());
  const toggle = document.getElementById("theme");
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    apply(dark ? "light" : "dark");
    try { localStorage.setItem("modellab-theme", root.dataset.theme); } catch { /* a file may have no storage */ }
  });
})();
