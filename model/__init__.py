"""Networks, losses, metrics, by the names that a config calls them."""

from model.conditional import ConditionalHandwriting
from model.loss import NegativeLogLikelihood, ReadingLoss
from model.metric import CharacterErrorRate, EndOfStrokeNats, NatsPerLine, SumSquaredError, WordErrorRate
from model.recognizer import Seq2SeqRecognizer
from model.unconditional import UnconditionalHandwriting

MODELS = {
    "UnconditionalHandwriting": UnconditionalHandwriting,
    "ConditionalHandwriting": ConditionalHandwriting,
    "Seq2SeqRecognizer": Seq2SeqRecognizer,
}
LOSSES = {"NegativeLogLikelihood": NegativeLogLikelihood, "ReadingLoss": ReadingLoss}
METRICS = {
    "NatsPerLine": NatsPerLine,
    "EndOfStrokeNats": EndOfStrokeNats,
    "SumSquaredError": SumSquaredError,
    "CharacterErrorRate": CharacterErrorRate,
    "WordErrorRate": WordErrorRate,
}
