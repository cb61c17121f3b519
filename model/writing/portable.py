"""A network as one flat file, for model/kernels/browser.c: writing without Python, as in a browser."""

import numpy as np

from model.kernels.build import Constants
from model.writing.compiled import CONSTANTS, Network, Packed, rounds
from model.writing.pen_motion import STATE_SIZES
from model.writing.sampling import NOISE_CHUNK

BROWSER_CONSTANTS: Constants = (*CONSTANTS, ("NOISE_CHUNK", NOISE_CHUNK), ("PEN_STATE", sum(STATE_SIZES)))
"""Constants of browser.c."""
ALIGNMENT = 64
"""Bytes to a multiple of which every part of the file is filled up with zeros."""
MAX_LAYERS = 16
"""Recurrent layers, at most."""
SIZES = ("layers", "size", "features", "skip_features", "alphabet", "components", "mixtures", "heads", "attending")
"""Fields of `Network` with which the file begins, each an int32, and `line_end` and `sharpen_weights` behind them."""


def flat_file(packed: Packed) -> bytes:
    """Return a network's file: its sizes, then every product's inputs, outputs, terms, weights, scales and bias."""
    assert rounds() and packed.network.layers <= MAX_LAYERS
    net: Network = packed.network
    parts = [_numbers(*(getattr(net, name) for name in (*SIZES, "line_end", "sharpen_weights")))]
    products = [*packed.gates, net.density.contents]
    if net.alphabet:
        products.append(net.moves.contents)
    if net.heads:
        products += [net.qkv.contents, net.out.contents]
    data = {tensor.data_ptr(): tensor for tensor in packed.tensors}
    for product in products:
        parts.append(_numbers(product.inputs, product.outputs, product.terms))
        parts += [data[pointer].numpy().tobytes() for pointer in (product.weights, product.scales, product.bias)]
    if net.heads:
        parts += [data[pointer].numpy().tobytes() for pointer in (net.norm, net.norm_bias)]
    return b"".join(part.ljust(-(-len(part) // ALIGNMENT) * ALIGNMENT, b"\0") for part in parts)


def _numbers(*numbers: int) -> bytes:
    return np.array(numbers, "<i4").tobytes()
