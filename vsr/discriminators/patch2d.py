"""PatchGAN: one logit for each patch of a frame (Isola et al., CVPR 2017, appendix 6.1.2)."""

from torch import nn

from vsr.discriminators.patch import PatchDiscriminator, plan


class PatchDiscriminator2d(PatchDiscriminator):
    """C64-C128-C256-C512-1, kernel 4, padding 1, LeakyReLU 0.2; with three layers a logit sees 70x70 px.

    Frames (N, C, H, W) to logits (N, 1, H', W'). Spectral norm (Miyato et al., ICLR 2018) stands in for the paper's
    batch norm, which would let one frame's verdict depend on the others.

    Args:
        in_channels: channels of a frame.
        channels: width of the first layer; each following one doubles it, up to 8 times.
        layers: convolutions of stride 2; frames must measure at least ``3 * 2**layers`` px a side.
        spectral_norm: bound every convolution's spectral norm by 1.
    """

    def __init__(self, in_channels: int = 3, channels: int = 64, layers: int = 3, spectral_norm: bool = True) -> None:
        convolutions = [nn.Conv2d(i, o, 4, stride, padding=1) for i, o, stride in plan(in_channels, channels, layers)]
        super().__init__(convolutions, layers, spectral_norm)
