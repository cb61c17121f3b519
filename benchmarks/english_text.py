"""English text for a language model, from documents that Debian packages: lines about as long as written ones.

    apt-get install anarchism fortunes dict-wn dict-gcide r-cran-janeaustenr
    python -m benchmarks.english_text text.txt
    python prepare_data.py language-model iam-ondb text.txt --split trainset --out lm.npz

Essays, sayings, the sentences that two dictionaries quote, and Jane Austen's novels; 27 million characters in all.

    apt-get install dict-wn dict-jargon dict-devil r-cran-janeaustenr
    python -m benchmarks.english_text text.txt --permissive

Text that may be used for any purpose: WordNet's definitions and examples (its license asks for its notice), and the
Jargon File, the Devil's Dictionary and Jane Austen's novels, which are in the public domain; 12 million characters.
"""

import argparse
import gzip
import html
import random
import re
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path

from utils.errors import InputError, one_line_errors

PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
LINE_CHARACTERS, SPREAD = 28, 6


def paragraphs(root: Path) -> Iterator[str]:
    """The pieces of text of the packages' files below `root`."""
    share = root / "usr/share"
    for path in sorted((share / "doc/anarchism/html").glob("*.html")):
        text = re.sub(r"(?s)<(script|style|head).*?</\1>", "", path.read_text("utf-8", "replace"))
        for piece in re.split(r"(?i)</?(?:p|li|h\d|blockquote|br)[^>]*>", text):
            yield html.unescape(re.sub(r"<[^>]+>", " ", piece))
    for path in sorted((share / "games/fortunes").glob("*")):
        if path.suffix not in (".dat", ".u8") and path.name not in ("kernel", "perl", "ascii-art"):
            for saying in path.read_text("utf-8", "replace").split("\n%\n"):
                yield re.sub(r"(?s)\s+--.*", "", saying)
    yield from re.findall(r'"([^"]{20,}?)"', _dictionary(share / "dictd/wn.dict.dz"))
    for entry in re.split(r"\n\s*\n", _dictionary(share / "dictd/gcide.dict.dz")):
        yield from re.findall(r"(?s)\n {10,}(.+?)(?:\. --|\Z)", re.sub(r"\[[^\]]*\]|\{|\}", "", entry))
    yield from novels(root)


def permissive_paragraphs(root: Path) -> Iterator[str]:
    """Yield the pieces of text that may be used for any purpose."""
    dictionaries = root / "usr/share/dictd"
    senses = re.split(r"(?m)^ {4,}(?:(?:n|v|adj|adv) )?\d*: |^(?=\S)", _dictionary(dictionaries / "wn.dict.dz"))
    for sense in dict.fromkeys(" ".join(re.sub(r"(?s)\[(?:syn|ant|also).*", "", sense).split()) for sense in senses):
        yield re.sub(r'(; )?".*', "", sense)
        yield from re.findall(r'"([^"]{20,}?)"', sense)
    for name in ("jargon", "devil"):
        for piece in re.split(r"\n\s*\n", _dictionary(dictionaries / f"{name}.dict.dz")):
            yield re.sub(r"(?s)\[[^\]]*\]|\{|\}", "", piece)
    yield from novels(root)


def novels(root: Path) -> Iterator[str]:
    """Yield the paragraphs of Jane Austen's novels."""
    for text in r_texts(_present(root / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()):
        yield from text.replace("_", "").replace("--", " - ").split("\n\n")


def r_texts(content: bytes) -> Iterator[str]:
    """Yield the texts, vectors of lines, of a database of R objects: zlib streams after their sizes (R Internals)."""
    ascii_string = b"\0\4\0\t"
    while content:
        stream, lines, place = zlib.decompressobj(), [], 0
        data = stream.decompress(content[4:])
        while (place := data.find(ascii_string, place)) >= 0:
            begin = place + 8
            place = begin + int.from_bytes(data[place + 4 : begin], "big")
            lines.append(data[begin:place].decode("ascii"))
        yield "\n".join(lines)
        content = stream.unused_data


def _dictionary(path: Path) -> str:
    with gzip.open(_present(path)) as file:
        return file.read().decode("utf-8", "replace")


def _present(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path}: is not there; install the packages that python -m benchmarks.english_text -h names")
    return path


def lines_of(text: str, rng: random.Random) -> Iterator[str]:
    """Yield the words of a text in lines of about LINE_CHARACTERS."""
    line: list[str] = []
    width = rng.gauss(LINE_CHARACTERS, SPREAD)
    for word in text.split():
        line.append(word)
        if sum(map(len, line)) + len(line) >= width:
            yield " ".join(line)
            line, width = [], rng.gauss(LINE_CHARACTERS, SPREAD)
    if line:
        yield " ".join(line)


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the packages are unpacked (default: /)")
    parser.add_argument("--permissive", action="store_true", help="only text that may be used for any purpose")
    args = parser.parse_args()
    texts = permissive_paragraphs(args.root) if args.permissive else paragraphs(args.root)
    pieces = [" ".join(unicodedata.normalize("NFKC", text.translate(PLAIN)).split()) for text in texts]
    prose = [text for text in pieces if len(text) > 40 and _share_of_letters(text) > 0.85]
    rng = random.Random(1)
    rng.shuffle(prose)
    with open(args.out, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for text in prose for line in lines_of(text, rng))


def _share_of_letters(text: str) -> float:
    return sum(character.isalpha() or character == " " for character in text) / len(text)


if __name__ == "__main__":
    main()
