"""Exporting a generator, from the config to the file."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from vsr.errors import UserError
from vsr.export.onnx_file import write_onnx
from vsr.generators import Generator
from vsr.generators.load import CHECKPOINT_SCHEMA, RECORD, Weights
from vsr.generators.weights_file import write_weights
from vsr.inference.checkpoint import load_checkpoints
from vsr.inference.curve import numbers
from vsr.inference.interpolation import check_weights, interpolated
from vsr.whole_file import whole_file

log = logging.getLogger(__name__)

REMEDY = "Make room, or choose another place with output="


def export(cfg: DictConfig) -> Path:
    """Write the generator of ``cfg.ckpt`` to ``cfg.output``, in the format of its suffix; the file's path.

    Raises:
        UserError: anything in ``cfg`` or on disk that the user can mend.
    """
    with contextlib.suppress(OSError):
        Path(cfg.output_dir).rmdir()  # Hydra made it
    for key, example in (("ckpt", "runs/demo"), ("output", "generator.onnx")):
        if cfg[key] is None:
            raise UserError(f"{key} is not set; exporting takes ckpt= and output=, as {key}={example}")
    output = Path(str(cfg.output)).expanduser()
    if output.suffix not in (".safetensors", ".onnx"):
        raise UserError(f"output={output}: the name must end in .safetensors or .onnx")
    if output.exists() and not cfg.overwrite:
        raise UserError(f"output={output} exists. Choose another name, or set overwrite=true.")
    generator, weights = _load(cfg.ckpt, cfg.alpha)
    with whole_file(output, REMEDY) as part:
        if output.suffix == ".safetensors":
            record = {"schema": CHECKPOINT_SCHEMA, **{key: getattr(weights, key) for key in RECORD}}
            write_weights(part, generator.state_dict(), record)
            said = f"{sum(parameter.numel() for parameter in generator.parameters()):,} parameters"
        else:
            said = _write_onnx(generator, part, cfg.size, cfg.frames, cfg.seed)
    log.info(f"wrote {output}: {type(generator).__name__}, {said}")
    return output


def _load(ckpt: Any, alpha: Any) -> tuple[Generator, Weights]:
    """The generator of one checkpoint or, where ``alpha`` is given, the one that lies between two."""
    named = 1 if isinstance(ckpt, str | int) else len(ckpt)
    if alpha is None and named != 1:
        raise UserError(f"ckpt={ckpt}: one checkpoint is exported at a time, or with alpha= what is between two")
    if alpha is not None and named != 2:
        raise UserError(f"alpha={alpha} lies between two checkpoints, as ckpt=[runs/pixel,runs/gan]")
    checkpoints = load_checkpoints(ckpt, torch.device("cpu"))
    if alpha is None:
        return checkpoints[0]
    (value,) = numbers("alpha", [alpha], most=1)
    first, second = checkpoints
    check_weights(first, second)
    state = interpolated(first.generator, second.generator, value)
    first.generator.load_state_dict(state)
    # No training made it: its λ, steps and hours are nobody's.
    return first.generator, replace(first.weights, state_dict=state, generator_steps=None, training_seconds=None)


def _write_onnx(generator: Generator, path: Path, size: Any, frames: Any, seed: int) -> str:
    """Write it; what it takes and how far it is from the original, in words."""
    is_pair = isinstance(size, Sequence) and len(size) == 2 and all(isinstance(side, int) for side in size)
    if not is_pair or min(size) < generator.min_size:
        raise UserError(f"size={size}: expected [height,width], each at least {generator.min_size}")
    if frames < 1:
        raise UserError(f"frames={frames} must be at least 1")
    difference = write_onnx(generator, path, tuple(size), frames, seed)
    takes = "frame by frame, with its state" if generator.causal else f"windows of {frames} frames"
    return f"{takes}, LR of {size[1]}x{size[0]}, within {difference:.1e} of the original"
