"""The alignment of a text's characters with the frames of a CTC head."""

from collections.abc import Sequence

import numpy as np


def ctc_alignment(log_probs: np.ndarray, text: Sequence[int]) -> np.ndarray:
    """Return the character (N,) int64 that each frame shows on the likeliest path that reads `text`, -1 for a blank.

    log_probs (N, A+1), the last class the blank. Viterbi on the states of Graves et al. (2006), section 4.1; all -1
    where the frames are too few for the text.
    """
    num_frames, blank = len(log_probs), log_probs.shape[1] - 1
    states = np.full(2 * len(text) + 1, blank)
    states[1::2] = text
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    scores = np.full(len(states), -np.inf)
    scores[:2] = log_probs[0, states[:2]]
    back = np.zeros((num_frames, len(states)), np.int64)
    for frame in range(1, num_frames):
        arrivals = np.full((3, len(states)), -np.inf)
        arrivals[0], arrivals[1, 1:], arrivals[2, 2:] = scores, scores[:-1], scores[:-2]
        arrivals[2, ~may_skip] = -np.inf
        back[frame] = arrivals.argmax(0)
        scores = arrivals.max(0) + log_probs[frame, states]
    state = len(states) - 1
    if state and scores[state - 1] > scores[state]:
        state -= 1
    shown = np.full(num_frames, -1)
    if scores[state] == -np.inf:
        return shown
    for frame in range(num_frames - 1, -1, -1):
        shown[frame] = state // 2 if state % 2 else -1
        state -= back[frame, state]
    return shown
