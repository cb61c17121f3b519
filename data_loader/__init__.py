"""Corpora and batches, by the names that a config calls them."""

from data_loader.data_loaders import HandwritingDataLoader

DATA_LOADERS = {"HandwritingDataLoader": HandwritingDataLoader}
