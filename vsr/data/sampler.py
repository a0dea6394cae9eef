"""Which training items each step sees, on each device."""

from collections.abc import Iterator

from torch.utils.data import Sampler


class StepSampler(Sampler[list[int]]):
    """Batch ``b`` of this rank holds items ``(b*world + rank)*batch_size + (0 .. batch_size-1)``.

    So one step sees the same items however they are spread over devices, and a run that resumes at batch ``start``
    sees what an uninterrupted one would have.

    Args:
        batches: batches in the whole run.
        batch_size: items in a batch of one rank.
        start: the batch to begin with.
        rank: this process's number.
        world: number of processes.
    """

    def __init__(self, batches: int, batch_size: int, start: int = 0, rank: int = 0, world: int = 1) -> None:
        self.batches, self.batch_size, self.start = batches, batch_size, start
        self.rank, self.world = rank, world

    def __iter__(self) -> Iterator[list[int]]:
        for batch in range(self.start, self.batches):
            first = (batch * self.world + self.rank) * self.batch_size
            yield list(range(first, first + self.batch_size))

    def __len__(self) -> int:
        # The whole run, not what is left of it: Lightning adds the batches of a restored run itself.
        return self.batches
