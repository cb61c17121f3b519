"""The difference of a network from the one that its training began from, in a small file.

Of each large matrix the best product of two thin ones is kept, Eckart and Young (1936): what few lines of ink teach a
network is of low rank. Rank 24 of the 3.6 million weights of writer-iam.pt takes 0.8 MB.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

RANK = 24
"""Rank of the difference of a matrix."""
LEFT, RIGHT = ".left", ".right"
"""Ends of the names of the two factors (O, RANK) and (RANK, I) of a matrix (O, I)."""


def difference(weights: Mapping[str, Tensor], base: Mapping[str, Tensor], rank: int = RANK) -> dict[str, Tensor]:
    """Return how `weights` differ from those of the `base`, float16; nothing of those that do not.

    A matrix (O, I) becomes NAME.left (O, rank) and NAME.right (rank, I) where these are fewer numbers.
    """
    parts: dict[str, Tensor] = {}
    for name, weight in weights.items():
        change = weight.double() - base[name].double()
        if not change.any():
            continue
        if change.ndim == 2 and rank * sum(change.shape) < change.numel():
            _, vectors = torch.linalg.eigh(change.T @ change)  # the right singular vectors, the largest last
            right = vectors[:, -rank:].T
            parts[name + LEFT], parts[name + RIGHT] = (change @ right.T).half(), right.half()
        else:
            parts[name] = change.half()
    return {name: part.contiguous() for name, part in parts.items()}


def with_difference(base: Mapping[str, Tensor], parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights that differ from those of the `base` by these `parts`, see `difference`.

    What does not differ is the base's, bit for bit. Raises ValueError where a part fits no weight of the base.
    """
    weights = dict(base)
    for name in dict.fromkeys(name.removesuffix(LEFT).removesuffix(RIGHT) for name in parts):
        factors = [parts[part].float() for part in (name, name + LEFT, name + RIGHT) if part in parts]
        shapes = [tuple(factor.shape) for factor in factors]
        if len(factors) == 2 and all(len(shape) == 2 for shape in shapes) and shapes[0][1] == shapes[1][0]:
            shapes = [(shapes[0][0], shapes[1][1])]
        if name not in base or shapes != [tuple(base[name].shape)]:  # before a product that could fill the memory
            raise ValueError(f"it changes {name} by parts of {shapes}, and the other network has not such weights")
        weights[name] = base[name].float() + (factors[0] @ factors[1] if factors[1:] else factors[0])
    return weights
