"""ONNX files, each compared with the generator by onnxruntime before it gets its name."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsr.errors import UserError
from vsr.export.traceable import Step, Window
from vsr.generators import Generator

NEEDED = ("onnx", "onnxscript", "onnxruntime")
TOLERANCE = 1e-3  # a quarter of a grey level; sums in another order make about 1e-6
_STEPS = 4  # frames that a stream is compared on


def write_onnx(generator: Generator, path: Path, size: tuple[int, int], frames: int, seed: int = 0) -> float:
    """Write ``generator``, on the CPU, for LR of ``size`` (height, width): of a causal one a step, of others a window
    of ``frames``. Of one with a latent the mean.

    Returns:
        The greatest difference between its SR and the file's, on noise.

    Raises:
        UserError: what is needed is not installed, the generator cannot be exported, or the file gives another SR.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f"ONNX needs {', '.join(missing)}: install them with `pip install -e .[export]`")
    step = Step(generator, size) if generator.causal else None
    traced = step or Window(generator)
    lr = torch.rand(1, _STEPS if step else frames, 3, *size, generator=torch.Generator().manual_seed(seed))
    arguments = (lr[:, 0], *step.zeros()) if step else (lr,)
    with torch.no_grad():
        _trace(traced, arguments, path)
        expected = generator(lr)
    difference = float((_run(path, lr, step) - expected).abs().max())
    if not difference <= TOLERANCE:
        raise UserError(
            f"{type(generator).__name__} as ONNX gives another SR (it differs by {difference:.2g}); nothing is written"
        )
    return difference


def _trace(traced: Step | Window, arguments: tuple[Tensor, ...], path: Path) -> None:
    for talkative in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(
                traced.eval(),
                arguments,
                dynamo=True,
                input_names=traced.inputs,
                output_names=traced.outputs,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(
                f"{type(traced.generator).__name__} cannot be written as ONNX by this torch ({reason})"
            ) from error
    assert program is not None
    program.model.metadata_props["scale"] = str(traced.generator.scale)
    for node in program.model.graph:
        node.metadata_props.clear()  # it names the files of this machine, and is half of the file
    program.save(str(path))


def _run(path: Path, lr: Tensor, step: Step | None) -> Tensor:
    """SR of ``lr`` (1, T, 3, h, w) by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    if step is None:
        return torch.from_numpy(session.run(None, {"lr": lr.numpy()})[0])
    sr, state = [], [zeros.numpy() for zeros in step.zeros()]
    for frame in lr.numpy().swapaxes(0, 1):
        given: list[Any] = [np.ascontiguousarray(frame), *state]
        made, *state = session.run(None, dict(zip(step.inputs, given, strict=True)))
        sr.append(torch.from_numpy(made))
    return torch.stack(sr, 1)
