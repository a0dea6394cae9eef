"""PatchGAN over space and time, for motion that no single frame shows to be wrong (MoCoGAN, CVPR 2018, video D)."""

from torch import nn

from vsr.discriminators.patch import PatchDiscriminator, plan


class PatchDiscriminator3d(PatchDiscriminator):
    """`PatchDiscriminator2d` with kernels 3 frames long: one logit for each frame and patch.

    Clips (N, C, T, H, W) to logits (N, 1, T, H', W'). Time is padded by one frame and never strided, so any T >= 1
    works, and T is kept: training clips are short, and with three layers a logit already sees 11 frames.

    Args:
        in_channels: channels of a frame.
        channels: width of the first layer; each following one doubles it, up to 8 times.
        layers: convolutions of spatial stride 2; frames must measure at least ``3 * 2**layers`` px a side.
        spectral_norm: bound every convolution's spectral norm by 1.
    """

    def __init__(self, in_channels: int = 3, channels: int = 64, layers: int = 3, spectral_norm: bool = True) -> None:
        convolutions = [
            nn.Conv3d(i, o, (3, 4, 4), (1, stride, stride), padding=1)
            for i, o, stride in plan(in_channels, channels, layers)
        ]
        super().__init__(convolutions, layers, spectral_norm)
