import multiprocessing
import os
import socket

import pytest
import torch
import torch.distributed as dist

from vsr.metrics import ClipScorer, MeanOverClips


def clips():
    torch.manual_seed(0)
    hr = [torch.rand(length, 3, 64, 128) for length in (3, 9, 5)]
    return [(clip + 0.1 * spread * torch.randn_like(clip), clip) for spread, clip in enumerate(hr, start=1)]


def test_long_and_short_clips_count_alike():
    scorer = ClipScorer(["mse", "psnr"])
    over = scorer.over_clips()
    means = [scorer.score(sr, hr, over).means for sr, hr in clips()]
    for name, value in over.compute().values.items():
        assert value == pytest.approx(sum(each[name] for each in means) / 3, rel=1e-9)


def test_a_diverged_generator_is_not_averaged_away():
    mean = MeanOverClips()
    mean.update(torch.tensor([1.0, 2.0]))
    mean.update(torch.tensor([torch.nan, 2.0]))
    assert mean.compute().isnan()


def test_a_metric_that_is_refused_in_a_process_group_goes_on(tmp_path):
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    try:
        scorer = ClipScorer(["mse", "patch_kid"], weights="random")
        over = scorer.over_clips()
        for length, is_refused in ((3, True), (5, True), (9, False)):  # two patches a frame, 32 are needed
            frames = torch.rand(length, 3, 64, 128)
            scorer.score(frames, frames.flip(0), over)
            for _ in range(2):
                assert ("patch_kid" in over.compute().refused) == is_refused
    finally:
        dist.destroy_process_group()


def _score(rank, port, queue, metrics, share):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE="2")
    dist.init_process_group("gloo")
    scorer = ClipScorer(metrics, weights="random")
    over = scorer.over_clips()
    for sr, hr in clips()[rank * share :][:share]:
        scorer.score(sr, hr, over)
    queue.put(over.compute().values)
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("share", [2, 3])  # of the three clips: 2 and 1, or all and none
def test_two_processes_that_share_the_clips_out_get_what_one_gets(share):
    metrics = ["mse", "ssim", "patch_kid"]
    scorer = ClipScorer(metrics, weights="random")
    over = scorer.over_clips()
    for sr, hr in clips():
        scorer.score(sr, hr, over)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_score, args=(rank, port, queue, metrics, share)) for rank in range(2)]
    for process in processes:
        process.start()
    answers = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
    for answer in answers:
        assert answer == pytest.approx(over.compute().values, rel=1e-6)
