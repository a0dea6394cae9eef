"""VMAF (Li et al., Netflix, 2016), by the ffmpeg that the package imageio-ffmpeg brings."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vsr.errors import UserError
from vsr.metrics.chunk import Chunk
from vsr.metrics.running import Running

# VMAF reads luma only; the frames are of a display of today, so that is BT.709's, studio swing.
_TO_YUV = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p"
_GRAPH = (
    "[0:v]split[a][b];"
    f"[a]crop=iw:ih/2:0:0,{_TO_YUV}[sr];[b]crop=iw:ih/2:0:ih/2,{_TO_YUV}[hr];"
    "[sr][hr]libvmaf=log_fmt=json:log_path=vmaf.json"
)


def ffmpeg() -> str:
    """Path of the program.

    Raises:
        UserError: the package is not installed.
    """
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        raise UserError("vmaf needs imageio-ffmpeg: install it with `pip install -e .[metrics]`, or leave vmaf out.")
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


class Vmaf(Running):
    """VMAF v0.6.1 of each frame, in [0, 100]; its motion term looks at the frame before as well.

    SR goes above HR in one picture through one pipe, so that nothing is written to disk but the values.
    """

    def __init__(self) -> None:
        self._program = ffmpeg()
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "vmaf.json"

    def add(self, chunk: Chunk) -> Tensor:
        """Nothing yet: the values come with `finish`."""
        pictures = (torch.cat(chunk.inner, dim=2) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        if self._process is None:
            self._process = self._start(*pictures.shape[1:3])
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(pictures).data)
        except BrokenPipeError:
            self.finish()  # which says why
        return torch.empty(0)

    def finish(self) -> Tensor:
        """One value a frame."""
        assert self._process is not None
        _, errors = self._process.communicate()
        if self._process.returncode:
            raise UserError(f"vmaf failed: {errors.decode(errors='replace').strip().splitlines()[-1]}")
        frames = json.loads(self._log.read_text())["frames"]
        self._folder.cleanup()
        return torch.tensor([frame["metrics"]["vmaf"] for frame in frames])

    def _start(self, height: int, width: int) -> subprocess.Popen[bytes]:
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i", "-"]
        graph = ["-filter_complex", _GRAPH, "-f", "null", "-"]
        command = [self._program, "-hide_banner", "-loglevel", "error", *source, *graph]
        # In the folder of the log, whose own path may hold what a graph of filters reads otherwise.
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self._folder.name)
