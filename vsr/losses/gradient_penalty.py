"""R1: a discriminator should be flat around real data (Mescheder et al., ICML 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsr.discriminators import Context


def r1_penalty(critic: nn.Module, hr: Tensor, context: Context | None = None) -> Tensor:
    """½ E[||∇_x D(x)||²] at real clips x (eq. 9 without its γ), differentiable in the parameters of ``critic``.

    D(x) is the sum of a clip's patch logits, as is customary for patch discriminators; the squared norm is a sum over
    all elements of the clip, E the mean over the clips, and several scales count by their mean. In float32: squared
    gradients leave the range of half precision.

    Args:
        critic: ``critic(clips, context)``, one `Judgement` a scale.
        hr: real clips, batch first, of any number of further dimensions.
        context: of the batch; what it holds is given, not differentiated by.
    """
    with torch.autocast(hr.device.type, enabled=False), torch.enable_grad():
        real = hr.detach().float().requires_grad_(True)
        scales = [_squared_gradient(judgement.logits, real) for judgement in critic(real, context)]
    return torch.stack(scales).mean() / 2


def _squared_gradient(logits: Tensor, real: Tensor) -> Tensor:
    """Mean over the batch of ||∇ Σ logits||²."""
    # A clip's logits depend on that clip alone, so that the gradient of the batch's sum holds each clip's own.
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean()
