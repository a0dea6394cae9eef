"""What a store is made of."""

from __future__ import annotations

from dataclasses import dataclass

from vsr.errors import UserError


@dataclass(frozen=True)
class Settings:
    """The same for every shot of a store, and kept in its index.

    Attributes:
        min_frames: shots of fewer stored frames are dropped.
        max_height: larger pictures are reduced to so many rows, by averaging over areas; None: never.
        every: only each so manieth frame is stored.
        keep_static: keep shots in which nothing moves.
        keep_duplicates: keep shots that are stored already.
    """

    min_frames: int = 15
    max_height: int | None = None
    every: int = 1
    keep_static: bool = False
    keep_duplicates: bool = False

    def __post_init__(self) -> None:
        for option, value, least in (
            ("--min-frames", self.min_frames, 1),
            ("--max-height", self.max_height, 16),
            ("--every", self.every, 1),
        ):
            if value is not None and value < least:
                raise UserError(f"{option} {value}: expected a whole number of at least {least}")

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(H, W) as stored."""
        height, width = size
        if self.max_height is None or height <= self.max_height:
            return size
        return self.max_height, max(1, round(width * self.max_height / height))
