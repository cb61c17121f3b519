// Small helpers for the page. Text only ever becomes text: nothing is parsed as HTML.

export const by = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const svg = tag === "svg" || tag === "path";
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Have the browser ask before the page is left while it has ink that is kept nowhere.
export const holdInk = (hasInk) => addEventListener("beforeunload", (event) => { if (hasInk()) event.preventDefault(); });

let timer, failed; // failed: the work that the error shown is about
export function say(text, { bad = false } = {}) {
  const place = by(bad ? "alert" : "status");
  by(bad ? "status" : "alert").textContent = "";
  place.textContent = text;
  failed = undefined;
  clearTimeout(timer);
  if (!bad) timer = setTimeout(() => { place.textContent = ""; }, 8000);
}

// The work has worked now: an error about it is no longer shown.
export const unsay = (work) => { if (failed === work) by("alert").textContent = ""; };

export const fail = (error, work) => {
  if (error.name === "AbortError") return;
  if (error.constructor.name !== "Refused") console.error(error);
  say(error.message, { bad: true });
  failed = work;
};

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function remember(key, value) {
  try {
    if (value === undefined) return JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify(value));
  } catch { /* private window: nothing is remembered */ }
  return null;
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    say(`The browser does not allow copying here. Open the studio at 127.0.0.1, or select and copy by hand.`, { bad: true });
  }
}

// Have the browser save a file.
export function saveFile({ name, blob }) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
