// The page as a whole: its two tabs, light and dark, and the networks that are being loaded.

import { about } from "./api.js";
import { by, fail, remember, say } from "./dom.js";
import * as hand from "./hand.js";
import * as read from "./read.js";
import * as write from "./write.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function choose(tab, focus = false) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    by(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  say("");
  if (focus) tab.focus();
  history.replaceState(null, "", `#/${tab.getAttribute("aria-controls")}`);
  dispatchEvent(new Event("resize"));
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) choose(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length], true);
  });
}

// A file that is dropped where nothing takes it would be opened in place of the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });

by("alert").addEventListener("click", () => say("")); // it may be in front of a button

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => { document.documentElement.dataset.theme = remember("theme") ?? (dark.matches ? "dark" : "light"); };
by("theme").addEventListener("click", () => {
  remember("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  paint();
});
dark.addEventListener("change", paint);
paint();

const first = tabs.find((tab) => `#/${tab.getAttribute("aria-controls")}` === location.hash);
if (first) choose(first);
say("Filling the pen…");
try {
  const facts = await about();
  say("");
  write.start(facts);
  read.start(facts);
  hand.start({ open: () => choose(by("tab-write")), card: facts.styles.find(({ id }) => id.startsWith("style-")) });
} catch (error) { fail(error); }
