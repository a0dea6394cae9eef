"""How a generator's convolutions start."""

import torch
from torch import nn

LEAKY_SLOPE = 0.1


@torch.no_grad()
def kaiming_(conv: nn.Conv2d, slope: float = LEAKY_SLOPE, gain: float = 1.0, zero_mean: bool = False) -> None:
    """Kaiming-normal weights (He et al., ICCV 2015), zero bias.

    Args:
        conv: initialised in place.
        slope: negative slope of the LeakyReLU that follows; 0 for a ReLU.
        gain: factor on the weights.
        zero_mean: make every kernel sum to zero, so that it answers to detail and not to brightness.
    """
    nn.init.kaiming_normal_(conv.weight, a=slope)
    if zero_mean:
        conv.weight -= conv.weight.mean(dim=(2, 3), keepdim=True)
    conv.weight *= gain
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
