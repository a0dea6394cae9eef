"""A degradation that draws from every generator of random numbers a degradation may draw from."""

import random

import numpy as np
import torch
from torch import Tensor

from vsr.degradations import Bicubic


class NoisyBicubic(Bicubic):
    """Bicubic, then noise whose strength and offset are random too."""

    is_random = True

    def __call__(self, hr: Tensor) -> Tensor:
        lr = super().__call__(hr)
        return lr + 0.1 * random.random() * torch.randn_like(lr) + 0.1 * float(np.random.rand())


RANDOM_DEGRADATION = "degradation._target_=tests.training.random_degradation.NoisyBicubic"
