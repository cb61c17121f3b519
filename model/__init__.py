"""Networks, losses, metrics, by the names that a config calls them."""

from model.conditional import ConditionalHandwriting
from model.loss import NegativeLogLikelihood
from model.metric import EndOfStrokeNats, NatsPerLine, SumSquaredError
from model.unconditional import UnconditionalHandwriting

MODELS = {
    "UnconditionalHandwriting": UnconditionalHandwriting,
    "ConditionalHandwriting": ConditionalHandwriting,
}
LOSSES = {"NegativeLogLikelihood": NegativeLogLikelihood}
METRICS = {
    "NatsPerLine": NatsPerLine,
    "EndOfStrokeNats": EndOfStrokeNats,
    "SumSquaredError": SumSquaredError,
}
