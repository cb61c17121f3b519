"""The network that writes freely: it predicts the next pen offset from all before it. Graves (2013), section 4."""

from model.layers.recurrent import Cell, SkipStack
from model.layers.trunk import RecurrentTrunk
from model.writing.mixture_density import MixtureDensity
from model.writing.pen_motion import Features, num_features, num_skip_features
from model.writing.trunk_writer import TrunkWriter
from utils.errors import at_least


class UnconditionalHandwriting(TrunkWriter):
    """Recurrent layers with skip connections under a mixture density, Graves (2013), eqs. 15-26.

    hidden_size: cells of each layer.
    num_layers: number of recurrent layers.
    num_mixtures: Gaussians of the mixture density.
    cell: "lstm" or "gru".
    dropout: share of the outputs of a layer that the next one does not get, in training.
    attention_heads: heads of causal self-attention over the line so far, in the second-to-last layer (of two or
    more); 0 for none, see `SelfAttention`.
    features: inputs of a point: "offsets", as Graves, or "motion", which adds direction, speed, position and the size
    of the handwriting, see model/writing/pen_motion.py.
    """

    def __init__(
        self,
        *,
        hidden_size: int = 400,
        num_layers: int = 3,
        num_mixtures: int = 20,
        cell: Cell = "lstm",
        dropout: float = 0.0,
        attention_heads: int = 0,
        features: Features = "offsets",
    ) -> None:
        super().__init__()
        at_least(1, hidden_size=hidden_size, num_layers=num_layers, num_mixtures=num_mixtures)
        self.features = features
        self.stack = SkipStack(
            cell, num_features(features), hidden_size, num_layers, dropout=dropout, attention_heads=attention_heads
        )
        self.density = MixtureDensity(hidden_size * num_layers + num_skip_features(features), num_mixtures)
        self.trunk = RecurrentTrunk(None, self.stack)
