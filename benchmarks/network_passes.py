"""The passes through networks that a training step cannot do without."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from whole_run import SCALE, Sizes

from vsr.discriminators import MultiScale
from vsr.training.module import VideoSuperResolution
from vsr.training.optimisation import frozen


def passes(module: VideoSuperResolution, sizes: Sizes) -> dict[str, Callable[[], object]]:
    """The forward and backward passes that a step of ``module`` cannot do without, each by itself.

    On copies, so that the run neither trains nor is trained by them.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = (sizes.batch, sizes.frames, 3)
    lr = torch.rand(*shape, sizes.size, sizes.size, device=device)
    hr = torch.rand(*shape, SCALE * sizes.size, SCALE * sizes.size, device=device)
    sr = torch.rand_like(hr, requires_grad=True)

    generator = copy.deepcopy(module.generator).to(device)
    for parameter in generator.flow_parameters():  # as it is for the first 5000 steps
        parameter.requires_grad_(False)
    work: dict[str, Callable[[], object]] = {"generator": partial(_there_and_back, generator, lambda: [generator(lr)])}
    for name, discriminator in module.discriminators.items():
        critic: Any = copy.deepcopy(discriminator).to(device)
        work[f"{name}, SR"] = partial(_judge_sr, critic, sr)
        work[f"{name}, HR and SR"] = partial(_judge_both, critic, hr, sr.detach())
    for term in module.losses.terms.values():
        for network, layers in term.feature_layers().items():
            work[f"{network.name}, SR"] = partial(_there_and_back, network, partial(_features, network, sr, layers))
            work[f"{network.name}, HR"] = torch.no_grad()(partial(_features, network, hr, layers))
    return work


def _there_and_back(network: nn.Module, forward: Callable[[], list[Tensor]]) -> None:
    network.zero_grad(set_to_none=True)
    outputs = forward()
    torch.autograd.backward(outputs, [torch.ones_like(output) for output in outputs])


def _judge_sr(critic: MultiScale, sr: Tensor) -> None:
    with frozen(critic):
        _there_and_back(critic, lambda: [judgement.logits for judgement in critic(sr)])


def _judge_both(critic: MultiScale, hr: Tensor, sr: Tensor) -> None:
    _there_and_back(critic, lambda: [judgement.logits for side in critic.judge_pair(hr, sr) for judgement in side])


def _features(network: Any, video: Tensor, layers: tuple[str, ...]) -> list[Tensor]:
    return list(network(video.flatten(0, 1), layers).values())
