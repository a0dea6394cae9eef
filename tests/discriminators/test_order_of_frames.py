"""What a temporal discriminator is for: whether frames follow each other, which no frame tells by itself."""

from functools import partial

import pytest
import torch

from vsr.data.sets.synthetic import SyntheticScenes
from vsr.discriminators import MultiScale, PatchDiscriminator2d, PatchDiscriminator3d
from vsr.losses.gan_objectives import discriminator_objective

FRAMES, SIZE, CLIPS, HELD_OUT, STEPS = 5, 40, 160, 60, 160
ORDERS = [(1, 3, 0, 4, 2), (2, 0, 4, 1, 3), (3, 1, 4, 0, 2), (2, 4, 0, 3, 1)]  # no two neighbours stay neighbours


def scenes(clips, seed):
    """Clips (N, T, 3, H, W) in [0, 1] of scenes that move."""
    videos = [clip.read(range(FRAMES)) for clip in SyntheticScenes(clips, FRAMES, SIZE, seed)]
    return torch.stack([torch.from_numpy(video) for video in videos]).permute(0, 1, 4, 2, 3).float() / 255


def shuffled(clips):
    """Each clip's frames in one of `ORDERS`."""
    return torch.stack([clip[list(ORDERS[index % len(ORDERS)])] for index, clip in enumerate(clips)])


def trained(critic, clips):
    """``critic`` after `STEPS` steps of telling ordered clips from shuffled ones by the hinge objective."""
    optimiser = torch.optim.Adam(critic.parameters(), 2e-3, betas=(0.5, 0.99))
    decay = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, STEPS)
    for _ in range(STEPS):
        batch = clips[torch.randint(len(clips), (12,))]
        pairs = zip(*critic.judge_pair(batch, shuffled(batch)), strict=True)
        loss = sum(discriminator_objective("hinge", real.logits, fake.logits) for real, fake in pairs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        decay.step()
    return critic.eval()


@torch.no_grad()
def accuracy(critic, clips):
    """How often the mean logit is above 0 for an ordered clip and below 0 for a shuffled one."""

    def verdicts(video):
        return torch.stack([critic(clip[None])[0].logits.mean() for clip in video])

    return ((verdicts(clips) > 0).float().mean() + (verdicts(shuffled(clips)) < 0).float().mean()).item() / 2


@pytest.mark.slow
def test_only_a_judge_of_clips_tells_ordered_frames_from_shuffled_ones():
    torch.manual_seed(0)
    clips, held_out = scenes(CLIPS, seed=0), scenes(HELD_OUT, seed=1)
    narrow = {"channels": 8, "layers": 2, "spectral_norm": False}  # learns in seconds
    of_clips = MultiScale(partial(PatchDiscriminator3d, **narrow), 1, "clip")
    of_frames = MultiScale(partial(PatchDiscriminator2d, **narrow), 1, "frames")
    assert accuracy(trained(of_clips, clips), held_out) > 0.9
    assert accuracy(trained(of_frames, clips), held_out) < 0.6
