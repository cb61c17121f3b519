"""A small untrained network that writes the letters that `recognizers` reads."""

from pathlib import Path
from typing import Any

import torch

from model.writing.conditional import ConditionalHandwriting
from model.writing.sampling import HandwritingModel
from model.writing.unconditional import UnconditionalHandwriting
from results.writing.writer import Writer
from tests.results.recognizers import ALPHABET, POINTS_A_LETTER, STD

CHARACTERS = " " + ALPHABET


def writer(*, free: bool = False, attends: bool = False, **facts: Any) -> Writer:
    """The network as `load` gives it; `free`: one without text; `attends`: with self-attention."""
    torch.manual_seed(2)
    layers = {"num_layers": 3, "attention_heads": 2} if attends else {"num_layers": 1}
    sizes: dict[str, Any] = {"hidden_size": 8, **layers, "num_mixtures": 2, "features": "motion"}
    model: HandwritingModel = UnconditionalHandwriting(**sizes)
    if not free:
        pace = {"mean_points_per_char": float(POINTS_A_LETTER), "num_window_components": 2}
        model = ConditionalHandwriting(alphabet_size=len(CHARACTERS), **sizes, **pace)
    if model.stack.attention:
        torch.nn.init.normal_(model.stack.attention.out.weight)
    known = {"corpus": "letters", "alphabet": CHARACTERS, "std": STD, "points_per_char": 16.0, "points_per_line": 30}
    arch = {"arch": {"type": type(model).__name__}}
    return Writer(model.eval(), {**known, "chars_per_line": 12, "transform": {}, **facts}, arch, Path("writer.pt"))
