"""Files with flipped bits and missing ends: whatever becomes of them, the process that reads them lives on."""

import multiprocessing
import random

import psutil
import pytest

from tests.data.files.odd_and_broken import scene, write_video
from vsr.data import VideoFolder
from vsr.data.broken import BrokenFileError

PATIENCE = 300  # seconds after which a reader counts as hanging: some hundred times what it needs
ROUNDS = 3  # the first one also pays for what the allocator keeps
MEGABYTE = 2**20


def write_mutants(folder, count):
    """Variants of three MP4s: long and short groups of pictures, head first and last, H.264 and MPEG-4. A third is
    cut off, the others have 1 to 64 bits flipped; one of each original is left whole."""
    source = scene(24, (48, 64))
    originals = [
        write_video(folder / "a.mp4", source, pixels="yuv420p", options={"g": "8"}, movflags="faststart"),
        write_video(folder / "b.mp4", source, pixels="yuv420p", options={"g": "250", "bf": "3"}),
        write_video(folder / "c.mp4", source, "mpeg4", "yuv420p", {}),
    ]
    contents = [path.read_bytes() for path in originals]
    for number in range(count):
        rng = random.Random(number)
        content = bytearray(rng.choice(contents))
        if number % 3 == 0:
            content = content[: rng.randrange(len(content))]
        else:
            for _ in range(rng.choice([1, 2, 8, 64])):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        (folder / f"mutant{number:03d}.mp4").write_bytes(content)


def read_all(folder, cuts, results):
    """Read every file again and again and report (clips, broken files, bytes of memory that the last round added)."""
    memory = []
    for _ in range(ROUNDS):
        clips = VideoFolder(folder, cuts=cuts, max_broken=0.99)
        broken = len(clips.broken)
        for clip in clips:
            try:
                for indices in (range(clip.length), [clip.length - 1, 0, clip.length // 2]):
                    frames = clip.read(indices)
                    assert frames.shape == (len(indices), *clip.size, 3)
            except BrokenFileError:
                broken += 1
        memory.append(psutil.Process().memory_info().rss)
    results.put((len(clips), broken, memory[-1] - memory[-2]))


@pytest.mark.parametrize(
    ("count", "cuts"),
    [
        (20, True),
        pytest.param(200, True, marks=pytest.mark.slow),
        pytest.param(200, False, marks=pytest.mark.slow),
    ],
)
def test_no_crash_no_hang_no_leak(tmp_path, monkeypatch, count, cuts):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")  # or what the threads' arenas keep would look like a leak
    write_mutants(tmp_path, count)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    worker = context.Process(target=read_all, args=(tmp_path, cuts, results))
    worker.start()
    worker.join(PATIENCE)
    hangs = worker.is_alive()
    worker.kill()
    assert not hangs
    assert worker.exitcode == 0
    clips, broken, growth = results.get(timeout=5)
    assert clips >= 3
    assert broken >= count // 3
    assert growth < 20 * MEGABYTE
