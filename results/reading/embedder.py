"""Embedder: a trained network that tells people's handwriting apart."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ink.strokes import InkLine
from model.reading.embedding import HandwritingEmbedding
from results.reading.lines import batches, ink_batch
from results.trained import TrainedModel


class Embedder(TrainedModel[HandwritingEmbedding]):
    """A network that tells people's handwriting apart."""

    abilities = ("compare handwriting",)
    does = "tells handwriting apart"

    @torch.inference_mode()
    def embed(self, lines: Sequence[InkLine]) -> np.ndarray:
        """Return the embeddings (N, E) of lines: of length 1, the nearer the more alike their handwriting.

        The ink is transformed as the network's training ink was; texts are not looked at.

        Raises InputError where a line's ink cannot be used, see `prepared`.
        """
        strokes = [self.strokes(self.prepared(line)[0]) for line in lines]
        embeddings = np.zeros((len(lines), self.model.out.out_features), np.float32)
        for some in batches([len(line) for line in strokes]):
            embeddings[some] = self.model(ink_batch([strokes[i] for i in some], self.device)).float().cpu().numpy()
        return embeddings

    def centre(self, lines: Sequence[InkLine]) -> np.ndarray:
        """Return the mean embedding (E,) of a writer's lines, of length 1."""
        mean = self.embed(lines).mean(0)
        return mean / max(float(np.linalg.norm(mean)), 1e-9)

    def writers_of(self, lines: Sequence[InkLine], known: Mapping[str, np.ndarray]) -> list[str]:
        """Return for each line the name of the nearest of the `known` centres (E,), see `centre`."""
        names = list(known)
        nearest = (self.embed(lines) @ np.stack([known[name] for name in names]).T).argmax(1)
        return [names[place] for place in nearest.tolist()]
