"""Weights that have a row or column for each character of an alphabet, as those of another alphabet."""

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

Axes = Mapping[str, Sequence[int]]
"""Names of such weights: [axis, position of the alphabet's first character], see `BaseModel.character_axes`."""
MAX_NUMBERS = 1 << 26
"""Limit of a weight that is made wider: the alphabet of a damaged file could fill the memory."""


def with_alphabet(
    weights: Mapping[str, Tensor],
    fresh: Mapping[str, Tensor],
    axes: Axes,
    old: str,
    new: str,
) -> dict[str, Tensor]:
    """Return `weights` of a network of the alphabet `old` as those of the same network of the alphabet `new`.

    A character that both have keeps its row or column of each weight in `axes`, name: (axis, first); what only `new`
    has is from `fresh`, weights of that network as it is made. Weights of another size are left for `load_weights`.
    """
    both = [character for character in new if character in old]
    moved = dict(weights)
    for name, (axis, first) in axes.items():
        if name not in weights or weights[name].dim() != fresh[name].dim():
            continue
        source, target = weights[name].movedim(axis, 0), fresh[name].clone().movedim(axis, 0)
        if len(source) - len(old) != len(target) - len(new) or source.shape[1:] != target.shape[1:]:
            continue
        target[:first] = source[:first]
        target[first + len(new) :] = source[first + len(old) :]
        for character in both:
            target[first + new.index(character)] = source[first + old.index(character)]
        moved[name] = target.movedim(0, axis).contiguous()
    return moved


def in_alphabet(weights: Mapping[str, Tensor], axes: Axes, old: str, new: str) -> dict[str, Tensor]:
    """Return `weights` of the alphabet `old` as those of `new`, see `with_alphabet`: what only `new` has is zero.

    Raises ValueError where a weight would have more than MAX_NUMBERS.
    """
    fresh = {}
    for name, (axis, _) in axes.items():
        shape = [*weights[name].shape]
        shape[axis] += len(new) - len(old)
        if math.prod(shape) > MAX_NUMBERS:
            raise ValueError(f"its {name} would be of {shape} for an alphabet of {len(new)} characters")
        fresh[name] = weights[name].new_zeros(shape)
    return with_alphabet(weights, fresh, axes, old, new)
