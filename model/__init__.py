"""Networks, losses, metrics, by the names that a config calls them."""

from model.class_conditional import ClassConditionalHandwriting
from model.classification import Accuracy, ClassificationLoss
from model.classifier import StrokeClassifier
from model.conditional import ConditionalHandwriting
from model.loss import NegativeLogLikelihood, ReadingLoss
from model.metric import CharacterErrorRate, EndOfStrokeNats, NatsPerLine, SumSquaredError, WordErrorRate
from model.recognizer import Seq2SeqRecognizer
from model.unconditional import UnconditionalHandwriting

MODELS = {
    "UnconditionalHandwriting": UnconditionalHandwriting,
    "ConditionalHandwriting": ConditionalHandwriting,
    "ClassConditionalHandwriting": ClassConditionalHandwriting,
    "Seq2SeqRecognizer": Seq2SeqRecognizer,
    "StrokeClassifier": StrokeClassifier,
}
LOSSES = {
    "NegativeLogLikelihood": NegativeLogLikelihood,
    "ReadingLoss": ReadingLoss,
    "ClassificationLoss": ClassificationLoss,
}
METRICS = {
    "NatsPerLine": NatsPerLine,
    "EndOfStrokeNats": EndOfStrokeNats,
    "SumSquaredError": SumSquaredError,
    "CharacterErrorRate": CharacterErrorRate,
    "WordErrorRate": WordErrorRate,
    "Accuracy": Accuracy,
}
