"""LPIPS v0.1 as a loss: a distance of deep features, weighted to agree with people (Zhang et al., CVPR 2018)."""

from __future__ import annotations

from torch import Tensor

from vsr.errors import choose
from vsr.features import FrozenFeatures
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm
from vsr.metrics.lpips import TRUNKS, lpips_distance, read_heads


class LpipsLoss(LossTerm):
    """LPIPS v0.1, mean over the frames. Range: [0, ∞), for pictures about [0, 1].

    Its trunks are fed with (x' − shift) / scale for x' in [−1, 1], which is ImageNet's (x − mean) / std for x in
    [0, 1]: ``vgg`` therefore reads the same pass of VGG16 as the perceptual and the style loss. Scores are commonly
    reported with ``alex``; train on another net than the one you score with.

    Args:
        net: ``vgg``, ``alex`` or ``squeeze``.
        weights: of the trunk: "pretrained", a path, or "random" (tests only); the heads are the authors' either way.

    Raises:
        UserError: another net, or weights that cannot be had.
    """

    def __init__(self, net: str = "vgg", weights: str = "pretrained") -> None:
        trunk = TRUNKS[choose("loss.lpips.net", net, TRUNKS)]
        self.network = trunk.network(weights)
        self.heads = read_heads(net)

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The compared layers of the trunk."""
        return {self.network: tuple(self.heads)}

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean LPIPS of all frames."""
        sr, hr = comparison.sr_features(self.network), comparison.hr_features(self.network)
        self.heads = {layer: head.to(comparison.sr.device) for layer, head in self.heads.items()}
        return lpips_distance(sr, hr, self.heads).mean()
