"""Losses: modules from a model's output and its batch to a sum and the count that it is to be divided by."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from base.batch import Batch
from model.reading.ctc_alignment import ctc_alignment
from model.reading.recognizer import Reading
from model.writing.mixture_density import EndingMixture, LineMixture, Mixture, last_log_prob, stroke_log_prob

LEAST_ATTENTION = 1e-3
"""Attention that is added before its logarithm is taken, so that what is attended to wrongly keeps a small gradient."""


class NegativeLogLikelihood(nn.Module):
    """Nats per predicted point, Graves (2013), eq. 26; exact under the mask.

    A network that says which lift is the last has the nats of that in it too; of a `LineMixture` they have a gradient,
    but are not in the value, which is that of the strokes.
    """

    def forward(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        """The batch's nats and its number of predicted points."""
        nats = -stroke_log_prob(output, batch.targets)
        if isinstance(output, EndingMixture):
            last_nats = -last_log_prob(output, batch.targets[..., 2], batch.target_mask)
            nats = nats + (last_nats - last_nats.detach() if isinstance(output, LineMixture) else last_nats)
        return torch.where(batch.target_mask, nats, 0).sum(), batch.target_mask.sum()


class ReadingLoss(nn.Module):
    """Nats per character of a recognizer: ctc_weight of the CTC head's and the rest of the decoder's.

    Kim, Hori and Watanabe (2017), eq. 9. In training, `output.middle` is a second CTC head, which has the share
    `output.middle_ctc` of the CTC part: Lee and Watanabe (2021), eq. 11.

    label_smoothing: share of the decoder's target that goes to all classes alike. A line with fewer frames than its
    text needs has no CTC alignment: that part of it is left out.

    attention_guide: nats of attention to the frames that the CTC head aligns with each character, `attention_nats`, per
    nat of the decoder. In training, of a network with both heads; a trained CTC head teaches a new decoder with it.
    """

    def __init__(self, *, label_smoothing: float = 0.0, attention_guide: float = 0.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing}; it must be from 0 to below 1")
        if attention_guide < 0:
            raise ValueError(f"attention_guide is {attention_guide}; it must be 0 or more")
        self.label_smoothing, self.attention_guide = label_smoothing, attention_guide

    def forward(self, output: Reading, batch: Batch) -> tuple[Tensor, Tensor]:
        """The batch's nats and its number of characters."""
        weight, nats = output.ctc_weight, batch.strokes.new_zeros(())
        if output.frame_logits is not None:
            ctc = ctc_nats(output.frame_logits, output.frame_mask, batch).sum()
            if output.middle is not None:
                ctc = (1 - output.middle_ctc) * ctc + output.middle_ctc * ctc_nats(*output.middle, batch).sum()
            nats = nats + weight * ctc
        if output.char_logits is not None:
            nats = nats + (1 - weight) * self._char_nats(output.char_logits.float(), batch)
        if self.attention_guide and output.attention is not None and torch.is_grad_enabled():
            nats = nats + (1 - weight) * self.attention_guide * attention_nats(output, batch)
        return nats, batch.char_mask.sum()

    def _char_nats(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of the characters and the end of each text (B, U+1), summed over the real ones."""
        end = logits.shape[-1] - 1
        real = F.pad(batch.char_mask, (1, 0), value=True)
        targets = F.pad(batch.text, (0, 1)).scatter(1, batch.char_mask.sum(1, keepdim=True), end)
        return F.cross_entropy(logits[real], targets[real], reduction="sum", label_smoothing=self.label_smoothing)


def ctc_nats(frame_logits: Tensor, frame_mask: Tensor, batch: Batch) -> Tensor:
    """CTC's nats of each line's text (B,), Graves et al. (2006), eq. 8; 0 where no alignment fits into the frames."""
    return F.ctc_loss(
        frame_logits.float().log_softmax(-1).transpose(0, 1),
        batch.text,
        frame_mask.sum(1),
        batch.char_mask.sum(1),
        blank=frame_logits.shape[-1] - 1,
        reduction="none",
        zero_infinity=True,
    )


def attention_nats(output: Reading, batch: Batch) -> Tensor:
    """-log of each character's attention to the frames that show it on the CTC head's likeliest path, summed.

    Their neighbours count as well, since a frame sees both sides. 0 without a CTC head, and for a line with fewer
    frames than its text needs. Supervised attention: Mi, Wang and Ittycheriah (2016).
    """
    if output.attention is None or output.frame_logits is None:
        return batch.strokes.new_zeros(())
    shown = frames_of_characters(output.frame_logits, output.frame_mask, batch)
    attended = (output.attention[:, :-1].float() * shown).sum(2)  # (B, U+1, N) -> (B, U)
    return -(attended + LEAST_ATTENTION).log()[shown.any(2)].sum()


@torch.no_grad()
def frames_of_characters(frame_logits: Tensor, frame_mask: Tensor, batch: Batch) -> Tensor:
    """(B, U, N) 1 where a frame or one next to it shows the character on the CTC head's likeliest path, else 0."""
    log_probs = frame_logits.float().log_softmax(-1).cpu().numpy()
    shown = torch.zeros(*batch.text.shape, frame_logits.shape[1])
    sizes = zip(frame_mask.sum(1).tolist(), batch.char_mask.sum(1).tolist(), strict=True)
    for line, (frames, characters) in enumerate(sizes):
        path = torch.from_numpy(ctc_alignment(log_probs[line, :frames], batch.text[line, :characters].tolist()))
        at = (path >= 0).nonzero().squeeze(1)
        for shift in (-1, 0, 1):
            shown[line, path[at], (at + shift).clamp(0, frames - 1)] = 1
    return shown.to(frame_logits.device)
