from itertools import chain

from vsr.data import StepSampler


def test_two_ranks_see_what_one_rank_of_twice_the_batch_sees():
    alone = list(StepSampler(batches=5, batch_size=4))
    first, second = (StepSampler(batches=5, batch_size=2, rank=rank, world=2) for rank in (0, 1))
    assert [left + right for left, right in zip(first, second, strict=True)] == alone
    assert list(chain(*alone)) == list(range(20))


def test_resuming_goes_on_where_the_run_stopped():
    whole = list(StepSampler(7, 3, rank=1, world=2))
    assert list(StepSampler(7, 3, start=4, rank=1, world=2)) == whole[4:]
    assert len(StepSampler(7, 3, start=4)) == 7
