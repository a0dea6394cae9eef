"""Recomputed activations: the same numbers for less memory."""

import copy
from functools import partial

import pytest
import torch

from vsr.discriminators import MultiScale, PatchDiscriminator2d, PatchDiscriminator3d, UNetDiscriminator
from vsr.losses.gradient_penalty import r1_penalty

KINDS = {
    "frames": partial(PatchDiscriminator2d, channels=4, layers=2),
    "clip": partial(PatchDiscriminator3d, channels=4, layers=1),
    "unet": partial(UNetDiscriminator, channels=4),
}


def pair(kind):
    """One critic that keeps its activations and its twin that recomputes them, in training, spectral norm on."""
    torch.manual_seed(0)
    keeping = MultiScale(KINDS[kind], 2, "clip" if kind == "clip" else "frames").double().train()
    recomputing = copy.deepcopy(keeping)
    recomputing.checkpoint = True
    return keeping, recomputing


def gradients(critic, loss, *inputs):
    return torch.autograd.grad(loss, [*inputs, *critic.parameters()], allow_unused=True)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_the_whole_game_are_the_same(kind):
    real, fake = torch.rand(2, 1, 2, 3, 32, 32, dtype=torch.float64)
    fake.requires_grad_()
    results = []
    for critic in pair(kind):
        # Real before fake, one backward pass after both: spectral norm has moved on when the first is recomputed.
        first, second = critic(real), critic(fake)
        loss = sum(r.logits.sigmoid().mean() - f.logits.sigmoid().mean() for r, f in zip(first, second, strict=True))
        results.append([loss, *gradients(critic, loss, fake), *critic.buffers()])
    for kept, recomputed in zip(*results, strict=True):
        torch.testing.assert_close(recomputed, kept, rtol=1e-12, atol=1e-15)


def test_r1_differentiates_twice_through_the_recomputation():
    clips = torch.rand(1, 2, 3, 32, 32)
    keeping, recomputing = (critic.float() for critic in pair("frames"))
    kept, recomputed = (r1_penalty(critic, clips) for critic in (keeping, recomputing))
    torch.testing.assert_close(recomputed, kept)
    weights = zip(gradients(recomputing, recomputed), gradients(keeping, kept), strict=True)
    for mine, theirs in weights:
        torch.testing.assert_close(mine, theirs)


def test_less_is_kept_for_the_backward_pass():
    video = torch.rand(1, 2, 3, 64, 64, dtype=torch.float64, requires_grad=True)
    kept = []
    for critic in pair("unet"):
        saved = {}  # by storage: activations are saved by the layer before and the layer after

        def note(tensor, saved=saved):
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            judgements = critic(video)
        kept.append(sum(saved.values()) + sum(f.nbytes for j in judgements for f in j.features))
    assert kept[1] < kept[0] / 4
