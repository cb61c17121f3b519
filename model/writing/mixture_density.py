"""The mixture density output layer: where the pen goes next, and whether it is lifted. Graves (2013), section 4.1.

Shapes: B batch, T pen points, M mixtures, H inputs. All densities are in log space and in nats.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_SIGMA = 1e-3
"""Added to every sigma: no component is narrower than this, in units of the corpus's std."""
START_SPREAD, START_SIGMA = 0.5, 0.3
"""Before training the components lie apart and are narrow, as offsets are, in units of the corpus's std."""
MAX_RHO = 0.999
"""Largest correlation: without it a component may become a line of infinite density."""


class Mixture(NamedTuple):
    """Densities of B x T next strokes: a mixture of bivariate Gaussians and a Bernoulli.

    log_pi     (B, T, M) log weights, their exp sums to 1 over M
    mean       (B, T, M, 2)
    log_sigma  (B, T, M, 2)
    rho        (B, T, M) in (-1, 1)
    end_logit  (B, T) logit of the probability of end_of_stroke
    """

    log_pi: Tensor
    mean: Tensor
    log_sigma: Tensor
    rho: Tensor
    end_logit: Tensor


class EndingMixture(Mixture):
    """A `Mixture`, and sixth last_logit (B, T): of the probability that a lift is the line's last point."""

    def __new__(cls, *parts: Tensor) -> "EndingMixture":
        return tuple.__new__(cls, parts)

    @property
    def last_logit(self) -> Tensor:
        return tuple.__getitem__(self, 5)


class LineMixture(EndingMixture):
    """An `EndingMixture` whose last_logit is the `LineEnd` after each point: it is trained apart from the density."""


class MixtureDensity(nn.Module):
    """Linear layer from features (B, T, H) to a `Mixture` in float32, Graves (2013), eqs. 17-22.

    sigma = exp(sigma_hat) + MIN_SIGMA and rho = MAX_RHO tanh(rho_hat) keep the density finite.

    sharpen_weights  see `sample_stroke`
    """

    log_min_sigma: Tensor

    def __init__(self, input_size: int, num_mixtures: int, *, sharpen_weights: bool = False) -> None:
        super().__init__()
        self.num_mixtures, self.sharpen_weights = num_mixtures, sharpen_weights
        self.linear = nn.Linear(input_size, 6 * num_mixtures + 1)
        # on the device, so that no step waits for it
        self.register_buffer("log_min_sigma", torch.tensor(math.log(MIN_SIGMA)), persistent=False)
        with torch.no_grad():
            _, mean, sigma, _, _ = self.linear.bias.split([num_mixtures * n for n in (1, 2, 2, 1)] + [1])
            mean.normal_(std=START_SPREAD)
            sigma.fill_(math.log(START_SIGMA))

    def forward(self, *inputs: Tensor) -> Mixture:
        """Return the densities of parts of the features, (B, T, ...) each, which are never concatenated."""
        outputs = linear_of_parts(inputs, self.linear.weight, self.linear.bias)
        pi, mean, sigma, rho, end = outputs.split([self.num_mixtures * n for n in (1, 2, 2, 1)] + [1], dim=-1)
        pairs = (*outputs.shape[:-1], self.num_mixtures, 2)
        return Mixture(
            log_pi=F.log_softmax(pi, dim=-1),
            mean=mean.reshape(pairs),
            log_sigma=torch.logaddexp(sigma, self.log_min_sigma).reshape(pairs),
            rho=MAX_RHO * torch.tanh(rho),
            end_logit=end.squeeze(-1),
        )


def linear_of_parts(inputs: tuple[Tensor, ...], weight: Tensor, bias: Tensor) -> Tensor:
    """Return a linear layer's outputs (B, T, O) in float32 of parts of its inputs, (B, T, ...) each."""
    first, *others = weight.split([part.shape[-1] for part in inputs], dim=1)
    outputs = _linear(inputs[0], first, bias)
    for part, of_part in zip(inputs[1:], others, strict=True):
        outputs = outputs + _linear(part, of_part)
    return outputs.float()


def _linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the layer's outputs (B, T, O) of inputs (B, T, I), or (B, O) of (B, I)."""
    if inputs.dim() == 2:
        return F.linear(inputs, weight, bias)
    # time first, as hidden states are in memory: otherwise torch would copy them
    return F.linear(inputs.transpose(0, 1), weight, bias).transpose(0, 1).contiguous()


def offset_log_prob(mixture: Mixture, offsets: Tensor) -> Tensor:
    """Log-density of pen offsets (B, T, 2) under their mixtures: (B, T), nats, padding not masked.

    Graves (2013), eqs. 23-25, kept in log space: with log(p + 1e-6) the gradient is gone from 6 sigma on.
    """
    zx, zy = ((offsets.unsqueeze(-2) - mixture.mean) * torch.exp(-mixture.log_sigma)).unbind(-1)
    one_minus_rho2 = 1 - mixture.rho.square()
    z = zx.square() + zy.square() - 2 * mixture.rho * zx * zy
    log_component = (
        -z / (2 * one_minus_rho2) - 0.5 * torch.log(one_minus_rho2) - mixture.log_sigma.sum(-1) - math.log(2 * math.pi)
    )
    return torch.logsumexp(mixture.log_pi + log_component, dim=-1)


def end_log_prob(mixture: Mixture, end_of_stroke: Tensor) -> Tensor:
    """Log-probability of the pen lifts (B, T) in {0, 1}: (B, T), nats. Graves (2013), eq. 26, second line."""
    return -F.binary_cross_entropy_with_logits(mixture.end_logit, end_of_stroke, reduction="none")


def stroke_log_prob(mixture: Mixture, strokes: Tensor) -> Tensor:
    """Log-density of strokes (B, T, 3): (B, T), nats. Graves (2013), eq. 26."""
    return offset_log_prob(mixture, strokes[..., :2]) + end_log_prob(mixture, strokes[..., 2])


def last_log_prob(mixture: EndingMixture, end_of_stroke: Tensor, mask: Tensor) -> Tensor:
    """Log-probability that lifts are a line's last point where they are, by the mask (B, T), and are not elsewhere.

    (B, T), nats; 0 where end_of_stroke (B, T) says that the pen is not lifted.
    """
    last = (mask & ~F.pad(mask, (0, 1))[:, 1:]).to(end_of_stroke.dtype)
    return -end_of_stroke * F.binary_cross_entropy_with_logits(mixture.last_logit, last, reduction="none")


def expected_offset(mixture: Mixture) -> Tensor:
    """The mean of the mixtures, the offset with the least expected squared error: (B, T, 2)."""
    return (mixture.log_pi.exp().unsqueeze(-1) * mixture.mean).sum(-2)


def sharpened(log_pi: Tensor, bias: float) -> Tensor:
    """Return log weights (..., M) of a mixture raised to the power 1 + bias, Graves (2013), eq. 62."""
    return F.log_softmax(log_pi * (1 + bias), dim=-1)


def sample_stroke(mixture: Mixture, noise: Tensor, bias: float = 0.0, *, sharpen_weights: bool = False) -> Tensor:
    """Return strokes (B, 3) drawn from mixtures without time axis (log_pi (B, M), ...), Graves (2013), section 5.4.

    noise (B, 4): two uniforms in [0, 1) that choose the component and the pen lift, two standard normals.
    bias >= 0 makes the writing more regular: sigma = exp(log_sigma - bias), and with `sharpen_weights` the weights are
    raised to the power 1 + bias too, as Graves does (eqs. 61-62). In ink in which the pen now and then rests, a pen
    that may rest then rests for ever, and words are left out: its networks keep the weights.
    Also in C, `draw_stroke` of model/kernels/sampler.c; tests/model/test_rules.py drives both.
    An `EndingMixture` says when the pen is lifted for good: end_of_stroke is 2 there. Its lifts get more regular too,
    their logits times 1 + bias: Graves leaves lifts alone, but a digit whose pen is lifted early is spoilt.
    """
    weights = (sharpened(mixture.log_pi, bias) if sharpen_weights else mixture.log_pi).exp()
    chosen = (weights.cumsum(-1) <= noise[:, :1]).sum(-1, keepdim=True).clamp_max(weights.shape[-1] - 1)
    pair = chosen.unsqueeze(-1).expand(-1, -1, 2)
    mean = mixture.mean.gather(1, pair).squeeze(1)
    sigma = torch.exp(mixture.log_sigma.gather(1, pair).squeeze(1) - bias)
    rho = mixture.rho.gather(1, chosen)
    x, y = noise[:, 2:3], noise[:, 3:4]
    correlated = torch.cat([x, rho * x + torch.sqrt(1 - rho.square()) * y], dim=-1)
    if isinstance(mixture, EndingMixture):
        lift, last = (torch.sigmoid(logit * (1 + bias)) for logit in (mixture.end_logit, mixture.last_logit))
        end = (noise[:, 1] < lift).to(mean.dtype) + (noise[:, 1] < lift * last)
    else:
        end = (noise[:, 1] < torch.sigmoid(mixture.end_logit)).to(mean.dtype)
    return torch.cat([mean + sigma * correlated, end.unsqueeze(-1)], dim=-1)
