"""The density is what torch.distributions says, stays finite far out, and draws are drawn from it."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, MixtureSameFamily, MultivariateNormal

from model.writing.mixture_density import (
    MAX_RHO,
    MIN_SIGMA,
    Mixture,
    MixtureDensity,
    end_log_prob,
    offset_log_prob,
    sample_stroke,
    stroke_log_prob,
)
from tests.model.small import assert_close, covariance, random_mixture

NUM_MIXTURES = 3
LAST_UNIFORM = 1 - 2**-24
"""The largest number that torch.rand returns."""


def distribution(mixture: Mixture) -> MixtureSameFamily:
    mixture = Mixture(*(part.double() for part in mixture))
    components = MultivariateNormal(mixture.mean, covariance(mixture))
    return MixtureSameFamily(Categorical(logits=mixture.log_pi), components)


def bare_head(num_mixtures: int = NUM_MIXTURES) -> MixtureDensity:
    """A head whose features are its raw outputs: pi, mean x y, sigma x y, rho of every component, end."""
    head = MixtureDensity(6 * num_mixtures + 1, num_mixtures)
    head.linear.weight.data.copy_(torch.eye(6 * num_mixtures + 1))
    head.linear.bias.data.zero_()
    return head


def raw(*, pi=0.0, mean=0.0, sigma=0.0, rho=0.0, end=0.0, num_mixtures: int = NUM_MIXTURES) -> Tensor:
    """Raw outputs (1, 1, 6M + 1) for `bare_head`; the components share what is given once."""
    parts = [torch.tensor(part, dtype=torch.float32) for part in (pi, mean, sigma, rho, end)]
    sizes = [num_mixtures * n for n in (1, 2, 2, 1)] + [1]
    return torch.cat([part.expand(size) for part, size in zip(parts, sizes, strict=True)]).reshape(1, 1, -1)


def one_gaussian(log_sigma: float = 0.0, rho: float = 0.0) -> Mixture:
    mean = torch.zeros(1, 1, 1, 2, requires_grad=True)
    return Mixture(
        torch.zeros(1, 1, 1), mean, torch.full((1, 1, 1, 2), log_sigma), torch.full((1, 1, 1), rho), torch.zeros(1, 1)
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_offset_density_is_that_of_torch_distributions(dtype, tolerance):
    mixture = random_mixture(4, 50, dtype=dtype)
    offsets = 3 * torch.randn(4, 50, 2, generator=torch.Generator().manual_seed(1)).to(dtype)
    log_prob = offset_log_prob(mixture, offsets)
    assert log_prob.dtype == dtype
    assert_close(log_prob.double(), distribution(mixture).log_prob(offsets.double()), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_pen_lift_is_a_bernoulli_and_a_stroke_is_both(dtype, tolerance):
    mixture = random_mixture(4, 50, dtype=dtype)
    strokes = torch.randn(4, 50, 3, generator=torch.Generator().manual_seed(1)).to(dtype)
    strokes[..., 2] = (strokes[..., 2] > 0).to(dtype)
    ends = end_log_prob(mixture, strokes[..., 2])
    assert_close(ends, Bernoulli(logits=mixture.end_logit).log_prob(strokes[..., 2]), tolerance)
    assert_close(stroke_log_prob(mixture, strokes), offset_log_prob(mixture, strokes[..., :2]) + ends, tolerance)


def test_density_integrates_to_one():
    mixture = random_mixture(5, 1)
    mixture = mixture._replace(rho=0.9 * mixture.rho)
    step = 0.1
    axis = torch.arange(-30, 30, step, dtype=torch.float64)
    masses = offset_log_prob(mixture, torch.cartesian_prod(axis, axis)).exp().sum(1) * step**2
    assert_close(masses, torch.ones(5, dtype=torch.float64), 1e-6)


@pytest.mark.parametrize("distance", [10, 100])
def test_far_points_pull_the_mean_with_their_full_distance(distance):
    mixture = one_gaussian(log_sigma=math.log(0.5))
    log_prob = offset_log_prob(mixture, torch.tensor([[[0.5 * distance, 0.0]]]))
    log_prob.sum().backward()
    assert log_prob.item() == pytest.approx(-(distance**2) / 2 - math.log(2 * math.pi * 0.25), rel=1e-5)
    assert mixture.mean.grad[0, 0, 0, 0].item() == pytest.approx(distance / 0.5, rel=1e-5)


def test_a_hundred_sigma_away_density_is_still_that_of_torch_distributions():
    mixture = random_mixture(4, 50)
    direction = torch.randn(4, 50, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    offsets = 400 * direction / direction.norm(dim=-1, keepdim=True)
    assert_close(offset_log_prob(mixture, offsets), distribution(mixture).log_prob(offsets))


@pytest.mark.parametrize("sigma", [-50.0, 20.0])
@pytest.mark.parametrize("rho", [-50.0, 0.0, 50.0])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (100.0, 100.0), (-100.0, 30.0)])
def test_extreme_outputs_keep_density_and_gradient_finite(sigma, rho, offset):
    outputs = raw(pi=[1e4, 0.0, -1e4], sigma=sigma, rho=rho, end=[-1e3]).requires_grad_()
    log_prob = stroke_log_prob(bare_head()(outputs), torch.tensor([[[*offset, 1.0]]]))
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert outputs.grad.isfinite().all()
    assert log_prob.item() < -900


def test_no_component_is_narrower_than_the_floor_or_straighter_than_the_largest_rho():
    mixture = bare_head()(raw(sigma=[-50.0, -50.0, 0.0, 0.0, 2.0, 2.0], rho=[-50.0, 50.0, 0.5]))
    sigma = torch.tensor([MIN_SIGMA, MIN_SIGMA, 1, 1, math.exp(2), math.exp(2)]).reshape(3, 2)
    sigma[1:] += MIN_SIGMA
    assert_close(mixture.log_sigma[0, 0].exp(), sigma, 1e-5)
    assert_close(mixture.rho[0, 0], torch.tensor([-MAX_RHO, MAX_RHO, MAX_RHO * math.tanh(0.5)]), 1e-6)
    peak = -math.log(2 * math.pi * MIN_SIGMA**2 * math.sqrt(1 - MAX_RHO**2))
    outputs = raw(sigma=-50.0, rho=50.0)
    assert offset_log_prob(bare_head()(outputs), torch.zeros(1, 1, 2)).item() == pytest.approx(peak, abs=1e-3)


def test_head_hands_out_its_outputs_in_the_order_of_the_saved_weights():
    outputs = torch.arange(13.0).reshape(1, 1, 13) / 10
    mixture = bare_head(2)(outputs)
    assert_close(mixture.log_pi[0, 0], torch.log_softmax(torch.tensor([0.0, 0.1]), 0), 1e-6)
    assert_close(mixture.mean[0, 0], torch.tensor([[0.2, 0.3], [0.4, 0.5]]), 1e-6)
    assert_close(mixture.log_sigma[0, 0].exp(), torch.tensor([[0.6, 0.7], [0.8, 0.9]]).exp() + MIN_SIGMA, 1e-6)
    assert_close(mixture.rho[0, 0], MAX_RHO * torch.tensor([1.0, 1.1]).tanh(), 1e-6)
    assert_close(mixture.end_logit[0, 0], torch.tensor(1.2), 1e-6)


def test_head_is_float32_and_normalised_under_autocast():
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        mixture = MixtureDensity(8, 20)(20 * torch.randn(2, 3, 8))
    assert {part.dtype for part in mixture} == {torch.float32}
    assert_close(mixture.log_pi.logsumexp(-1), torch.zeros(2, 3), 1e-6)


def test_gradients_of_the_whole_head_are_its_finite_differences(in_float64):
    torch.manual_seed(0)
    head = MixtureDensity(4, NUM_MIXTURES).double()
    features = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    strokes = torch.randn(2, 3, 3, dtype=torch.float64)
    strokes[..., 2] = (strokes[..., 2] > 0).double()

    def nats(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        parameters = {"linear.weight": weight, "linear.bias": bias}
        return stroke_log_prob(torch.func.functional_call(head, parameters, features), strokes)

    assert torch.autograd.gradcheck(nats, (features, head.linear.weight, head.linear.bias))


@pytest.mark.parametrize("bias", [0.0, 0.7])
def test_draws_have_the_moments_of_the_mixture(bias):
    draws = 100_000
    mixture = random_mixture(1, seed=5, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    noise = torch.cat([torch.rand(draws, 2, generator=generator), torch.randn(draws, 2, generator=generator)], 1)
    strokes = sample_stroke(Mixture(*(part.expand(draws, *part.shape[1:]) for part in mixture)), noise, bias)

    pi = mixture.log_pi[0].exp()
    mean = pi @ mixture.mean[0]
    centre = mixture.mean[0] - mean
    within = covariance(mixture)[0] * math.exp(-2 * bias)
    spread = (pi[:, None, None] * (within + centre[:, :, None] * centre[:, None, :])).sum(0)
    lift = torch.sigmoid(mixture.end_logit)
    products = (strokes[:, :2, None] - mean[:, None]) * (strokes[:, None, :2] - mean)
    for drawn, expected in ((strokes[:, :2], mean), (products, spread), (strokes[:, 2:], lift)):
        assert ((drawn.mean(0) - expected).abs() < 4 * drawn.std(0) / math.sqrt(draws)).all()
    assert set(strokes[:, 2].tolist()) == {0.0, 1.0}


def test_normals_are_spread_by_a_root_of_the_covariance():
    mixture = random_mixture(20, num_mixtures=1)
    columns = []
    for normals in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0]):
        noise = torch.tensor([0.5, 0.5, *normals], dtype=torch.float64).expand(20, 4)
        columns.append(sample_stroke(mixture, noise)[:, :2])
    assert_close(columns[0], mixture.mean[:, 0])
    root = torch.stack([columns[1] - columns[0], columns[2] - columns[0]], -1)
    assert_close(root @ root.mT, covariance(mixture)[:, 0])


def test_bias_narrows_every_component_and_leaves_the_weights():
    pair = Mixture(
        log_pi=torch.tensor([[0.25, 0.75]]).log(),
        mean=torch.tensor([[[0.0, 0.0], [100.0, 100.0]]]),
        log_sigma=torch.tensor([[[0.0, 1.0], [2.0, 3.0]]]),
        rho=torch.zeros(1, 2),
        end_logit=torch.zeros(1),
    )
    drawn = [sample_stroke(pair, torch.tensor([[uniform, 0.0, 1.0, 1.0]]), 0.5)[0, :2] for uniform in (0.249, 0.251)]
    assert_close(drawn[0], torch.tensor([-0.5, 0.5]).exp(), 1e-5)
    assert_close(drawn[1], 100 + torch.tensor([1.5, 2.5]).exp(), 1e-5)


@pytest.mark.parametrize(
    ("uniform", "component"), [(0.0, 1), (0.5 - 2**-24, 1), (0.5, 2), (LAST_UNIFORM, 2), (0.25, 1), (0.75, 2)]
)
def test_every_uniform_number_chooses_a_component_that_has_weight(uniform, component):
    mixture = Mixture(
        log_pi=torch.tensor([[0.0, 0.5, 0.5]]).log(),
        mean=torch.tensor([[[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]]]),
        log_sigma=torch.zeros(1, 3, 2),
        rho=torch.zeros(1, 3),
        end_logit=torch.zeros(1),
    )
    stroke = sample_stroke(mixture, torch.tensor([[uniform, 0.9, 0.0, 0.0]]))
    assert stroke.tolist() == [[component, 10 * component, 0]]


def test_weights_that_sum_to_less_than_one_by_rounding_still_choose_a_component():
    mixture = random_mixture(1000, num_mixtures=20, dtype=torch.float32)
    totals = mixture.log_pi.softmax(-1).cumsum(-1)[:, -1]
    assert (totals < LAST_UNIFORM).any()
    noise = torch.tensor([LAST_UNIFORM, 0.5, 0.0, 0.0]).expand(1000, 4)
    assert_close(sample_stroke(mixture, noise)[:, :2], mixture.mean[:, -1], 1e-6)


@pytest.mark.parametrize(("logit", "uniform", "lift"), [(-200, 0.0, 0), (200, LAST_UNIFORM, 1), (0, 0.49, 1)])
def test_pen_lift_at_the_edges(logit, uniform, lift):
    mixture = random_mixture(1, dtype=torch.float32)._replace(end_logit=torch.tensor([float(logit)]))
    assert sample_stroke(mixture, torch.tensor([[0.5, uniform, 0.0, 0.0]]))[0, 2] == lift
