// "My hand": the handwritings that were given to the studio, and the copybook in which a new one is written.

import * as api from "./api.js";
import { by, fail, holdInk, make, saveFile, say, unsay } from "./dom.js";
import { Pad } from "./pad.js";
import { addHand, dropHand } from "./write.js";

const POLL = 1000; // ms between two looks at a training
const ONWARD = 1100; // ms for which a good sentence is seen before the next one
const BUSY = ["waiting", "learning", "stopping"];
let hands = [], trainings = {}, hand = null, number = 0, pad, timer, poll, openWrite, ended = {};

export function start({ open: openTab, card }) {
  openWrite = openTab;
  if (card) by("hand-show").append(picture(card));
  pad = new Pad(by("hand-ink"), () => { hand.sentences[number].draft = pad.strokes; buttons(); });
  holdInk(() => drafts().length);
  by("hand-new").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  by("hand-back").addEventListener("click", leave);
  by("hand-undo").addEventListener("click", () => pad.undo());
  by("hand-clear").addEventListener("click", () => { pad.clear(); verdict(null); });
  by("hand-done").addEventListener("click", done);
  by("hand-start").addEventListener("click", () => attempt(learn));
  by("hand-stop").addEventListener("click", () => attempt(async () => { await api.post("api/hands/stop", { id: hand.id }); await look(); }));
  by("hand-use").addEventListener("click", () => use(hand));
  by("hand-import").addEventListener("click", () => by("hand-file").click());
  by("hand-file").addEventListener("change", () => { attempt(() => bring(by("hand-file").files[0])); by("hand-file").value = ""; });
  addEventListener("keydown", keys);
  by("hand-begin").disabled = false;
  look();
}

async function attempt(work) {
  try { await work(); } catch (error) { fail(error); }
}

function keys(event) {
  if (by("hand").hidden || by("hand-desk").hidden || /INPUT|TEXTAREA|SELECT|BUTTON/.test(event.target.tagName) && event.key === "Enter") return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); pad.undo(); }
  else if (event.key === "Enter" && !by("hand-done").disabled) { event.preventDefault(); done(); }
}

// --- all handwritings ----------------------------------------------------------------------------------------------

// What there is, and how far the trainings are; again soon while there are any.
async function look() {
  clearTimeout(poll);
  await attempt(async () => {
    ({ hands, trainings } = await api.post("api/hands", {}));
    const fresh = hands.find(({ id }) => id === hand?.id);
    if (hand && fresh) Object.assign(hand, fresh);
    for (const each of hands) {
      const state = trainings[each.id]?.state;
      if (BUSY.includes(ended[each.id]) && state === "learned") addHand(each.card);
      ended[each.id] = state;
    }
    list();
    showTraining();
  });
  if (Object.values(trainings).some(({ state }) => BUSY.includes(state))) poll = setTimeout(look, POLL);
}

function leave() {
  const [first] = drafts();
  if (first === undefined || confirm(`What you wrote of sentence ${first + 1} is not kept yet: that is done by “Done”. Leave without it?`)) home();
}

function home() {
  hand = null;
  clearTimeout(timer);
  by("hand-desk").hidden = true;
  by("hand-home").hidden = false;
  look();
}

function list() {
  by("hand-list").replaceChildren(...hands.map((each) => {
    const state = trainings[each.id]?.state;
    const words = each.fault ? sentence(each.fault) : BUSY.includes(state) ? progress(trainings[each.id]) : each.learned ? "learned" : `${each.written} of ${each.count} sentences`;
    const button = (text, work, label = text) => make("button", { type: "button", class: "quiet small", "aria-label": `${label}: ${each.title}`, onclick: () => attempt(work) }, text);
    return make("li", { class: "sheet" },
      each.card ? picture(each.card) : make("span", { class: "lines", "aria-hidden": "true" }),
      make("div", {}, make("strong", {}, each.title), make("span", { class: "under" }, words)),
      make("div", { class: "row" },
        ...(each.learned ? [button("Write with it", () => use(each))] : []),
        ...(each.fault ? [] : [button(each.written < each.count ? "Go on" : "Open", () => open(each.id)), button("Export", () => take(each))]),
        button("Delete", () => remove(each))));
  }));
}

async function begin() {
  await attempt(async () => {
    show(await api.post("api/hands/new", { title: by("hand-title").value }));
    by("hand-title").value = "";
  });
}

const open = async (id) => show(await api.post("api/hands/open", { id }));

async function bring(file) {
  if (!file) return;
  const made = await api.send("api/hands/import", file);
  if (made.card) addHand(made.card);
  await look();
  say(`The handwriting of ${made.title} is here.`);
}

async function take({ id }) {
  const made = await api.file("api/hands/export", { id });
  saveFile(made);
  say(`${made.name} is saved.`);
}

async function remove({ id, title }) {
  if (!confirm(`Delete the handwriting of ${title}, with its ink and all that was learned from it? It cannot be brought back.`)) return;
  await api.post("api/hands/remove", { id });
  dropHand(`hand-${id}`);
  await look();
  say(`The handwriting of ${title} is deleted.`);
}

function use({ card }) {
  openWrite();
  addHand(card, { chosen: true });
}

// --- the copybook --------------------------------------------------------------------------------------------------

function show(opened) {
  hand = opened;
  by("hand-home").hidden = true;
  by("hand-desk").hidden = false;
  by("hand-name").textContent = hand.title;
  turn(Math.max(next(), 0));
  look();
}

// Sentences, by number, with ink that is not kept yet: it stays on the page while others are looked at.
const drafts = () => (hand?.sentences ?? []).flatMap(({ draft, ink }, n) => (draft?.length && draft !== ink?.strokes ? [n] : []));
const isKept = () => Boolean(hand) && pad.strokes === hand.sentences[number].ink?.strokes;
const next = () => hand.sentences.findIndex(({ ink }) => !ink);
const written = () => hand.sentences.filter(({ ink }) => ink).length;

function turn(to) {
  clearTimeout(timer);
  number = to;
  const { ink, check, draft } = hand.sentences[number];
  pad.show(draft?.length ? draft : ink?.strokes ?? []);
  verdict(isKept() ? check : null);
  buttons();
  dots();
}

function buttons() {
  by("hand-undo").disabled = by("hand-clear").disabled = pad.isEmpty;
  by("hand-clear").textContent = hand?.sentences[number].ink ? "Write it again" : "Clear";
  const goesOn = isKept() && next() >= 0;
  by("hand-done").textContent = goesOn ? "Next" : "Done";
  by("hand-done").disabled = pad.isEmpty || (isKept() && !goesOn);
}

function dots() {
  by("hand-progress").textContent = `${written()} of ${hand.sentences.length} sentences`;
  const focused = document.activeElement?.dataset?.sentence;
  by("hand-dots").replaceChildren(...hand.sentences.map(({ text, ink, check }, n) => {
    const state = !ink ? "not written yet" : check?.faults.length ? "to look at again" : "written";
    const kind = !ink ? "" : check?.faults.length ? "odd" : "good";
    return make("button", { type: "button", class: kind, title: text, "data-sentence": n, "aria-label": `Sentence ${n + 1}, ${state}`, "aria-current": n === number ? "step" : false, onclick: () => turn(n) }, String(n + 1));
  }));
  by("hand-dots").querySelector(`[data-sentence="${focused}"]`)?.focus();
}

// The sentence, with what the reader did not find of it marked, and the reader's word on it.
function verdict(check) {
  const { text } = hand.sentences[number], unread = new Set(check?.unread ?? []);
  by("hand-prompt").replaceChildren(...[...text].map((character, n) => (unread.has(n) ? make("mark", { class: "unread" }, character) : character)));
  const place = by("hand-verdict"), odd = check?.faults.length > 0;
  place.className = !check ? "" : odd ? "odd" : "good";
  if (!check) place.replaceChildren("Write the sentence on the line, in your own way.");
  else if (odd) place.replaceChildren(`${sentence(check.faults.join("; "))} Write it again, or leave it and go on.`);
  else place.replaceChildren("It reads ", make("q", {}, check.reading), unread.size ? ": what is dotted was hard to read." : /[.!?]$/.test(check.reading) ? "" : ".");
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

async function done() {
  if (isKept()) return turn(next());
  const at = number, own = hand, strokes = pad.strokes;
  by("hand-done").disabled = true;
  by("hand-verdict").className = "";
  by("hand-verdict").replaceChildren("Reading…");
  try {
    const { check, hand: summary } = await api.post("api/hands/sentence", { id: own.id, number: at, ink: { unit: "px", strokes } });
    unsay(done);
    Object.assign(own, summary);
    Object.assign(own.sentences[at], { check, ink: { unit: "px", strokes } });
    if (hand !== own) return;
    dots();
    showTraining();
    if (at !== number) return;
    verdict(check);
    if (isKept()) pad.scroll(0); // the whole sentence, above the verdict on it
    buttons();
    if (next() < 0) by("hand-start").focus();
    else if (!check.faults.length) timer = setTimeout(() => { if (isKept() && !pad.stroke) turn(next()); }, ONWARD);
  } catch (error) { fail(error, done); verdict(own.sentences[at].check); buttons(); }
}

// --- training ------------------------------------------------------------------------------------------------------

async function learn() {
  const odd = hand.sentences.filter(({ check }) => check?.faults.length).length;
  if (odd && !confirm(`${odd === 1 ? "One sentence is" : `${odd} sentences are`} marked. Learn from ${odd === 1 ? "it" : "them"} all the same?`)) return;
  await api.post("api/hands/learn", { id: hand.id });
  await look();
}

const clock = (seconds) => (seconds > 90 ? `about ${Math.round(seconds / 60)} minutes` : seconds > 15 ? `about ${10 * Math.round(seconds / 10)} seconds` : "a moment");

function progress({ state, done: share, seconds_left: left, ahead }) {
  if (state === "waiting") return ahead ? `waiting, ${ahead} before it` : "beginning…";
  if (state === "stopping") return "stopping…";
  return `learning, ${Math.min(99, Math.round(100 * share))} %${left === null ? "" : `, ${clock(left)} left`}`;
}

function picture({ box: [x, y, wide, high], path, text }) {
  return make("svg", { viewBox: `${x - 3} ${y - 3} ${wide + 6} ${high + 6}`, role: "img", "aria-label": `In handwriting: ${text}` }, make("path", { d: path }));
}

function showTraining() {
  if (!hand) return;
  const training = trainings[hand.id] ?? {}, busy = BUSY.includes(training.state);
  const enough = hand.written >= hand.enough, drawn = busy ? training.sample : hand.card;
  by("hand-learn").hidden = !enough && !hand.learned;
  by("hand-sample").hidden = !drawn;
  if (drawn && by("hand-sample").dataset.path !== drawn.path) {
    by("hand-sample").replaceChildren(picture(drawn));
    by("hand-sample").dataset.path = drawn.path;
  }
  by("hand-bar").hidden = !busy;
  by("hand-bar").setAttribute("aria-valuenow", Math.round(100 * (training.done ?? 0)));
  by("hand-bar").firstElementChild.style.width = `${100 * (training.done ?? 0)}%`;
  by("hand-start").hidden = busy;
  by("hand-start").textContent = hand.learned ? "Learn it anew" : "Learn this handwriting";
  by("hand-start").className = hand.learned ? "quiet" : "main";
  by("hand-stop").hidden = !busy || training.state === "stopping";
  by("hand-use").hidden = busy || !hand.learned;
  by("hand-state").textContent = state(training, busy);
}

function state(training, busy) {
  if (busy) return `${sentence(progress(training))} You can close this page; the studio goes on.`;
  if (training.state === "failed") return `It was not learned: ${sentence(training.error)}`;
  if (training.state === "stopped") return "Stopped. All sentences are kept.";
  if (training.state === "learned") return ["This is how it writes.", ...training.notes.map(sentence)].join(" ");
  if (hand.learned) return "This is how it writes.";
  const left = hand.count - hand.written;
  const missing = hand.missing ? ` Not written yet: ${[...hand.missing].join(" ")}` : "";
  return left ? `It can be learned now; with ${left === 1 ? "one more sentence" : `${left} more sentences`} it will be better.${missing}` : "All sentences are written. Learning takes about five minutes.";
}
