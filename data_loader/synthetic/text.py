"""English lines for the synthetic corpus: phrases from a small grammar, and the notes that people jot down.

All words and patterns were written for this project. Word lists run from common to rare, and a word's weight falls
with its place in the list, roughly as word frequencies do in English (Zipf).
"""

import re

import numpy as np

MIN_CHARS, MAX_CHARS = 8, 30
TITLES = 0.2
"""Share of the plain phrases of which every word begins with a capital, so that all capitals are learned."""

LEXICON = {
    "det": "the the his the her my this our your that their every the no some another a",
    "pron": "I you he she it we they nobody everyone somebody",
    "one": "I he she it nobody everyone",
    "adj": """good new little old long great small large young early big high next bad able last other right late
        warm quiet dark bright cold green white blue black red happy heavy empty quick slow clean open strange broken
        simple deep sweet dry wooden yellow busy funny lazy clever wild narrow golden hungry honest extra tiny frozen
        foreign modern silver crazy exact rough Roman public royal famous difficult wonderful beautiful important""",
    "noun": """time day man house way year thing night friend door room work letter book word water world hand head
        mother child street town car school morning evening table window garden dog river train road paper story boat
        light name father brother sister city summer winter spring autumn horse bird tree field market kitchen bread
        coffee tea milk music song picture clock box pen station village bridge island mountain valley forest storm
        snow rain wind sun moon star cloud fire stone wall floor roof bottle glass plate knife shirt coat shoe hat
        ring key map ship captain doctor teacher farmer baker king queen prince judge soldier neighbour uncle aunt
        cousin cat fox bear duck sheep wolf mouse apple orange lemon onion potato sugar salt soup fish rice cake jam
        journey question answer reason chance lesson number dozen size page line corner engine wheel bicycle bus
        ticket office bank hospital church museum theatre library zoo piano violin jacket pocket quarter journal
        exercise example taxi zero puzzle prize jungle magazine project object quarrel square""",
    "did": """went came stood ran walked fell slept spoke sang swam woke laughed smiled waited worked stopped stayed
        talked danced jumped cooked listened left returned sat wrote rested vanished yawned quit shouted zigzagged""",
    "did_it": """had saw took made got found knew gave told asked felt kept held brought heard wanted turned opened
        closed read lost met bought sold built broke chose drew ate forgot hid rode won wore called carried changed
        counted crossed dropped finished fixed followed helped joined liked loved missed moved needed noticed passed
        picked pulled pushed reached remembered saved seized squeezed tried used visited washed watched wished""",
    "do": """go come stay wait walk run stand sing sleep speak swim wake talk work rest cook dance laugh smile leave
        listen read write try stop jump return sit relax yawn quit""",
    "do_it": """have see take make get find know give tell ask feel keep bring hear want turn open close read lose
        meet buy sell build draw eat forget ride wear call carry change count cross drop finish fix follow help join
        like love miss move need notice pass pick pull push reach remember save try use visit wash watch explain
        expect exchange organize recognize squeeze""",
    "ing": """being going coming looking making taking getting working waiting walking running reading writing
        talking sitting standing playing singing sleeping cooking driving eating thinking asking leaving building
        drawing watching learning growing crossing jumping laughing mixing quizzing relaxing freezing""",
    "prep": """in of to on at for with from by into over under near after before behind through along without about
        across beside inside outside against towards around beyond below above""",
    "where": "in to from near beyond via",
    "adv": """now then here there again soon away never always often just still almost only too very once twice
        slowly quickly quietly yesterday today tomorrow tonight later early together alone inside upstairs abroad
        perhaps suddenly usually exactly everywhere""",
    "modal": "will can would could must should may might shall did",
    "conj": "and but or so because when while if as until although since",
    "ask": "what where why how when who which",
    "first": """Anna Tom Mary John Peter Lucy Paul Emma James Alice David Clara George Nora Henry Ruth Oscar Ida Max
        Vera Hugo Rosa Felix Zoe Ivan Karl Wendy Queenie Ursula Xavier Yvonne Bob Fred Leo Greta Quentin Edith Uma
        Kate Zack Yusuf""",
    "last": """Smith Brown Baker Young Clark Hill Green Wood Evans Fisher Gray Hunter King Jones Long Mills North
        O'Neill Parker Quinn Reed Stone Turner Underhill Vaughan White Xu York Zeller Irving Dunn Lang""",
    "month": "January February March April May June July August September October November December",
    "weekday": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "place": """London Paris Rome Vienna York Oxford Kyoto Zurich Quebec Utrecht Naples Jena Xanten Berlin Dublin
        Geneva Lisbon Warsaw Ireland Japan Egypt Kenya Uganda Zagreb Hull India""",
    "unit": "km cm kg ml min h mm lb oz ft",
    "tail": ". . . . , ! ? ; : ...",
    "op": "+ - * / = < > ^ ~ |",
    "web": "mail post home info zoo jazz box",
    "end": "com org net edu",
}


def _cut(patterns: str) -> list[str]:
    """Patterns parted by bars or line ends."""
    return patterns.strip().replace("\n", "|").split("|")


_PHRASES = _cut("""
{det} {noun}|{det} {noun}|{det} {adj} {noun}|{det} {adj} {noun}|{det} {adj} {noun}|{prep} {det} {adj} {noun}
{prep} {det} {noun}|{prep} {det} {noun}|{pron} {did} {adv}|{pron} {did_it} {det} {noun}|{pron} {did} {prep} {det} {noun}
{pron} {modal} {do} {adv}|{pron} {modal} {do_it} it|{pron} {modal} {do_it} {det} {noun}|{do_it} {det} {noun}
{do_it} {det} {adj} {noun}|{det} {noun} {did} {adv}|{det} {noun} {prep} {det} {noun}|{conj} {det} {noun} {did}
{conj} {pron} {did} {adv}|to {do_it} {det} {noun}|to {do} and to {do}|{ing} {prep} {det} {noun}|{ing} {adv}
{adj} and {adj}|{noun} and {noun}|{adj} {noun} and {noun}|{adv} and {adv}|{ask} {modal} {pron} {do}?|{noun}, {noun}
{modal} {pron} {do_it} {det} {noun}?|{one} was {ing} {adv}|{one} was {adj}|{det} {noun} was {adj}|{adv}, {pron} {did}
it is {adj}|{pron} {did_it} it|{pron} didn't {do} {adv}|don't {do_it} it|it's {det} {noun}|I can't {do_it} {det} {noun}
{first} {did} {adv}|{first} {did_it} {det} {noun}|{first} and {first}|{first}'s {noun}|{first}'s {adj} {noun}
{pron} {did_it} {first}|{where} {place} to {place}|{where} {place} and {place}|{pron} {did} {where} {place}
""")

_NOTES = _cut("""
{d}{d} {adj} days|{month} 1{d}|{D} {month} 19{d}{d}|{weekday}, {month} {D}|1{d}/0{D}/20{d}{d}|20{d}{d}-0{D}-1{d}
{D}:{h}{d} {where} {place}|at {D}:{h}{d} pm|1{d}:30 - 20:{h}{d}|call {first}: {D}{d}{d}-{d}{d}{d}|tel. {D}{d} {d}{d}{d}
{D} for ${D}{d}!|about {D}{d}%|{D},{d}{d}{d} {noun}s|Mr. {last} & Co.|Mrs. {first} {last}|Dr. {C}. {C}. {last}
{first} {C}. {last}|{first} & {first}|"{pron} {did_it} it"|"{do} {adv}!"|"{first}?" {pron} said|'{adj}' or '{adj}'
the "{adj}" {noun}|({det} {noun})|({adj} {noun})|{noun} ({adv})|(see p. {D}{d})|www.{noun}.{end}|http://{web}.{end}
{D}{d} {unit}|{D}.{d} {unit} of {noun}|{D}/{D} {unit} {noun}|and/or {noun}|Room {C}{D}{d}, {place}
Flight {C}{C} {D}{d}{d}|P.S. {do_it} it!|No {noun}!|{noun}: {adj}; {noun}: {adj}|{noun} + {noun} = {noun}
""")

# One pattern a line, as some hold a bar; the rare signs stand in several, so that each is seen often enough to learn.
_SYMBOLS = r"""
${D}.{d}{d} + ${D}.{d}{d}
${D}{d}.{d}{d} - {D}{d}%
${D} @ {D}{d}% #{D}{d}{d}
[${D}{d}] {adj} {noun}
{D}{d}% off [{noun}]!
[{D}{d}%] {noun}
[p. {D}{d}] {noun}
[{C}] & [{C}], {noun}
{{{c}, {c}, {C}}} & {{{C}}}
{{{noun}}} = {{{D}}}
f({c}) = {{{D}; {D}}}
{noun}_{noun}.txt
{c}_{D} = {c}_{D} + {c}_{D}
{noun}_{D}{d}_{C}.{end}
{noun}@{web}.{end}
{c}_{noun}@{web}.{end}
@{noun}_{d}{d} #{noun}
@{first} & @{first}
#{D}{d} | #{D}{d} | {noun}
no. #{D}{d}{d} @ ${D}{d}
{D}{op}{D} = {D}{d} > {D}
{c} {op} {c} {op} {D} ~ {d}
{c}^2 + {c}^2 > {C}
{c}^{D} * {c}^{D} < {C}^{D}
{D} < {c} < {D}{d}
{c} > {D} & {c} < {D}
<{noun}> {noun}
<{C}{C}>{noun}</{C}{C}>
{D}{d} * {D}{d} = {D}{d}{d}
{adj} {noun} ***
* {adj} * {adj}
~{D}{d} {unit} ~ {D} {unit}
~{D}{d} {noun}s
~/{noun} ~/{noun}
{C}:\{noun}\{noun}
{noun} \ {noun}
\{c}{D} \{C}{d} \{noun}
{noun} | {noun}
|{c}| > |{C}|
`{do}` | `{do}`
`{noun}` + `{c}{D}`
{{{C}{D}}} {noun} {{{C}{D}}}
({c}^{D} + {D}{d}%)
{C}{C}-{d}{d} {C}{C}{C}{C}
{C}{d}{d}{d} {C}{C}{C}
{C}{D}; {C}{d}; {C}{C}{C}{d}
{C}.{C}. {last}, {C}.{C}.
""".strip().split("\n")

_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Words:
    """A mapping for `str.format_map` that draws a new word each time a pattern names a kind."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._words = {kind: words.split() for kind, words in LEXICON.items()}
        self._totals = {
            kind: np.cumsum(1 / (np.arange(len(words)) + 0.25 * len(words) + 1)) for kind, words in self._words.items()
        }

    def __getitem__(self, kind: str) -> str:
        alike = {"h": "012345", "d": "0123456789", "D": "123456789", "c": _LOWER, "C": _UPPER + "BFGJKQQQUVVXXXXZZ"}
        if kind in alike:
            return alike[kind][self._rng.integers(len(alike[kind]))]
        totals = self._totals[kind]
        return self._words[kind][int(np.searchsorted(totals, self._rng.random() * totals[-1]))]


class TextGenerator:
    """Lines of English, 8 to 30 printable ASCII characters each, drawn from one random stream.

    plain: no lines of rare signs, and no words in capitals; in some lines each word begins with one instead.
    """

    def __init__(self, rng: np.random.Generator, *, plain: bool = False) -> None:
        self._rng, self._plain = rng, plain
        self._range = 0.8 if plain else 1.0
        self._words = _Words(rng)

    def line(self) -> str:
        """One line: a phrase (13 of 20), a jotted note (3) or symbols (4); no space at an end, none doubled."""
        chance = self._range * self._rng.random()
        while True:
            text = self._phrase() if chance < 0.65 else self._fill(_NOTES if chance < 0.8 else _SYMBOLS)
            if MIN_CHARS <= len(text) <= MAX_CHARS:
                return text

    def _fill(self, patterns: list[str]) -> str:
        pattern = patterns[self._rng.integers(len(patterns))]
        text = pattern.format_map(self._words)  # type: ignore[arg-type]
        return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)

    def _phrase(self) -> str:
        """One phrase, sometimes two; the first letter, the end of the sentence and capitals at random."""
        text = self._fill(_PHRASES)
        if self._rng.random() < 0.2 and text[-1] != "?":
            text = f"{text} {self._words['conj']} {self._fill(_PHRASES)}"
        chance = self._rng.random(3)
        if chance[0] < 0.35:
            text = text[0].upper() + text[1:]
        if chance[1] < 0.3 and text[-1] != "?":
            text += self._words["tail"]
        if self._plain:
            return " ".join(word[0].upper() + word[1:] for word in text.split(" ")) if chance[2] < TITLES else text
        return self._shout(text) if chance[2] < 0.07 else text

    def _shout(self, text: str) -> str:
        """The text with one of its words, or all of them, in capitals."""
        words = text.split(" ")
        chosen = self._rng.integers(len(words) + 1)
        return " ".join(w.upper() if chosen in (i, len(words)) else w for i, w in enumerate(words))
