import os
from pathlib import Path

import cv2
import lpips
import pytest
import torch
from battery import value_of

from vsr.errors import UserError
from vsr.features import vgg16
from vsr.losses import LpipsLoss
from vsr.metrics.lpips import lpips_distance, unit_length

PICTURES = Path(os.environ["VSR_TEST_DATA"], "lpips") if "VSR_TEST_DATA" in os.environ else None


def authors_lpips(net, weights):
    """The authors' LPIPS on the weights of our trunk."""
    network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False).eval()
    ours = LpipsLoss(net, weights).network.network.state_dict()
    network.net.load_state_dict({key: ours[key.split(".", 1)[1]] for key in network.net.state_dict()})
    return network


def picture(name):
    bgr = cv2.imread(str(PICTURES / f"{name}.png"))
    return torch.from_numpy(bgr[..., ::-1].copy()).permute(2, 0, 1)[None, None] / 255


@pytest.mark.filterwarnings("ignore::UserWarning:torchvision")
@pytest.mark.parametrize("net", ["alex", "vgg", "squeeze"])
def test_it_is_that_of_the_authors_and_so_is_its_gradient(net):
    torch.manual_seed(0)
    hr = torch.rand(1, 2, 3, 48, 40)
    sr = (hr + 0.2 * torch.randn_like(hr)).requires_grad_()
    ours = value_of(LpipsLoss(net, "random"), sr, hr)
    theirs = authors_lpips(net, "random")(sr[0], hr[0], normalize=True).mean()
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5) and ours > 0.01
    gradients = [torch.autograd.grad(loss, sr)[0] for loss in (ours, theirs)]
    # As vectors: float32 rounding is amplified where features nearly vanish.
    assert torch.dist(*gradients) < 0.01 * gradients[1].norm()


@pytest.mark.pretrained
@pytest.mark.skipif(PICTURES is None, reason="VSR_TEST_DATA is not set: the three LPIPS pictures are not at hand")
@pytest.mark.parametrize(
    ("net", "near", "far"),
    # The first pair is what the authors' README prints (0.138, 0.722) to more digits.
    [("alex", 0.137566, 0.721881), ("vgg", 0.421664, 0.568613)],
)
def test_the_example_pictures_score_as_published(net, near, far):
    term = LpipsLoss(net)
    reference = picture("ex_ref")
    assert value_of(term, picture("ex_p1"), reference).item() == pytest.approx(near, abs=1e-5)
    assert value_of(term, picture("ex_p0"), reference).item() == pytest.approx(far, abs=1e-5)


def test_dead_features_have_length_zero_and_a_small_gradient():
    features = torch.zeros(1, 4, 2, 2, requires_grad=True)
    heads = {"layer": torch.ones(4)}
    distance = lpips_distance({"layer": features}, {"layer": torch.ones(1, 4, 2, 2)}, heads)
    distance.sum().backward()
    assert distance.item() == pytest.approx(1.0)
    assert features.grad.abs().max() < 1
    assert unit_length(torch.full((1, 4, 1, 1), 3.0)).flatten().tolist() == pytest.approx([0.5] * 4)


def test_vgg_reads_the_network_of_the_perceptual_loss():
    assert LpipsLoss("vgg", "random").network is vgg16("random")


def test_another_net_is_refused():
    with pytest.raises(UserError, match=r"loss\.lpips\.net='alexnet' is not known\. Did you mean 'alex'"):
        LpipsLoss("alexnet")
