"""The split of lines into training and validation, where the source has none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal, get_args

from utils.errors import InputError

SplitBy = Literal["writer", "line", "order"]
SPLIT_BY: tuple[SplitBy, ...] = get_args(SplitBy)
TRAIN, VALID = "train", "valid"


@dataclass(frozen=True)
class SplitRule:
    """The rule by which a corpus is split into "train" and "valid".

    by           writer  whole writers, so that validation measures unseen writers and not memory
                 line    random lines; lines of equal ink stay together
                 order   the last lines are for validation
                 None    the source's own splits; lines without one by writer where two or more are known, else by line
    valid_share  about this share of the lines is for validation
    seed         of the random split
    held_back    writers who are for validation in every corpus: they split the lines where `by` is None and one of them
                 is among the writers
    """

    by: SplitBy | None = None
    valid_share: float = 0.1
    seed: int = 1
    held_back: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < self.valid_share < 1:
            raise InputError(f"the share for validation is {self.valid_share}; it must be between 0 and 1")

    def __str__(self) -> str:
        if self.held_back:
            return f"by {self.by}, those of a list for validation"
        drawn = "" if self.by == "order" else f", seed {self.seed}"
        return f"by {self.by}, {self.valid_share:.0%} for validation{drawn}"


def split_lines(rule: SplitRule, writers: Sequence[str], inks: Sequence[bytes]) -> tuple[SplitRule, list[bool]]:
    """The rule as it was applied, and for each line whether it is for validation; `inks` are hashes of their points.

    Raises InputError where the rule leaves one of the two splits without a line.
    """
    known = set(writers) - {""}
    if rule.by is None and known & rule.held_back and known - rule.held_back:
        return replace(rule, by="writer"), [writer in rule.held_back for writer in writers]
    by: SplitBy = rule.by or ("writer" if len(known) > 1 else "line")
    applied = SplitRule(by, rule.valid_share, rule.seed)
    wanted = max(1, round(rule.valid_share * len(writers)))
    if by == "order":
        valid = [position >= len(writers) - wanted for position in range(len(writers))]
    else:
        groups = [
            writer.encode() if by == "writer" and writer else ink for writer, ink in zip(writers, inks, strict=True)
        ]
        chosen = _draw(groups, wanted, rule.seed)
        valid = [group in chosen for group in groups]
    if all(valid) or not any(valid):
        raise InputError(
            f"{len(writers)} lines by {len(known)} known writers cannot be split by {by} into {TRAIN} and {VALID}; "
            f"choose another of --split-by {', '.join(SPLIT_BY)}"
        )
    return applied, valid


def _draw(groups: Sequence[bytes], wanted: int, seed: int) -> set[bytes]:
    """Groups in the order of a hash of the seed and their name, until they hold `wanted` lines."""
    sizes: dict[bytes, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    chosen: set[bytes] = set()
    for group in sorted(sizes, key=lambda name: blake2b(b"%d:%b" % (seed, name), digest_size=8).digest()):
        if wanted <= 0:
            break
        chosen.add(group)
        wanted -= sizes[group]
    return chosen
