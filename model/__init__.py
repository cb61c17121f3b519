"""Networks, losses, metrics, by the names that a config calls them."""

from model.loss import NegativeLogLikelihood, ReadingLoss
from model.metric import (
    CharacterErrorRate,
    EndOfLineNats,
    EndOfStrokeNats,
    NatsPerLine,
    SumSquaredError,
    WordErrorRate,
)
from model.reading.classification import Accuracy, ClassificationLoss
from model.reading.classifier import StrokeClassifier
from model.reading.contrastive import ContrastiveLoss, NearestWriter
from model.reading.embedding import HandwritingEmbedding
from model.reading.recognizer import Seq2SeqRecognizer
from model.writing.class_conditional import ClassConditionalHandwriting
from model.writing.conditional import ConditionalHandwriting
from model.writing.unconditional import UnconditionalHandwriting

MODELS = {
    "UnconditionalHandwriting": UnconditionalHandwriting,
    "ConditionalHandwriting": ConditionalHandwriting,
    "ClassConditionalHandwriting": ClassConditionalHandwriting,
    "Seq2SeqRecognizer": Seq2SeqRecognizer,
    "StrokeClassifier": StrokeClassifier,
    "HandwritingEmbedding": HandwritingEmbedding,
}
LOSSES = {
    "NegativeLogLikelihood": NegativeLogLikelihood,
    "ReadingLoss": ReadingLoss,
    "ClassificationLoss": ClassificationLoss,
    "ContrastiveLoss": ContrastiveLoss,
}
METRICS = {
    "NatsPerLine": NatsPerLine,
    "EndOfStrokeNats": EndOfStrokeNats,
    "EndOfLineNats": EndOfLineNats,
    "SumSquaredError": SumSquaredError,
    "CharacterErrorRate": CharacterErrorRate,
    "WordErrorRate": WordErrorRate,
    "Accuracy": Accuracy,
    "NearestWriter": NearestWriter,
}
