"""What a config asks of an upscaling, refused before any work is done where it cannot be."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from vsr.errors import UserError
from vsr.inference.upscaling.picture_source import pictures_of
from vsr.inference.upscaling.sink import check_output, is_folder, partial_of


def check_settings(cfg: DictConfig) -> None:
    """Raise `UserError` if a setting is missing or of another kind than it should be."""
    for key, example in (("ckpt", "runs/demo"), ("input", "in.mp4"), ("output", "out.mp4")):
        if cfg[key] is None:
            raise UserError(f"{key} is not set; upscaling a video takes ckpt=, input= and output=, as {key}={example}")
    if not isinstance(cfg.ckpt, str) or cfg.interpolate is not None:
        raise UserError(f"ckpt={cfg.ckpt}: a video is upscaled by one checkpoint at a time")
    for key in ("window", "overlap", "tile", "margin", "crf", "seed"):
        by_itself = cfg[key] is None and key != "seed"
        if not by_itself and (isinstance(cfg[key], bool) or not isinstance(cfg[key], int)):
            raise UserError(f"{key}={cfg[key]}: expected a whole number")
    for key in ("compare", "overwrite"):
        if not isinstance(cfg[key], bool):
            raise UserError(f"{key}={cfg[key]}: expected true or false")


def outputs(cfg: DictConfig) -> tuple[Path, Path | None]:
    """Where SR goes and where its comparison with bicubic, if there is to be one.

    Raises:
        UserError: it cannot be written there, or the input would be lost.
    """
    output = Path(str(cfg.output)).expanduser()
    given = [Path(str(cfg.input)).expanduser(), *(picture.parent for picture in pictures_of(str(cfg.input))[:1])]
    _check(output, given, cfg)
    if not cfg.compare:
        return output, None
    named = output if output.name not in ("", "..") else output.resolve()
    name = f"{named.name}_compare" if is_folder(output) else f"{named.stem}.compare{named.suffix}"
    comparison = named.with_name(name)
    _check(comparison, given, cfg)
    return output, comparison


def _check(path: Path, given: list[Path], cfg: DictConfig) -> None:
    inputs = [file.resolve() for file in given]
    if path.resolve() in inputs:
        raise UserError(f"output={path} is the input; choose another name")
    check_output(path, cfg.codec, cfg.crf, cfg.overwrite)
    if (partial := partial_of(path)).resolve() in inputs:
        raise UserError(f"input={partial} is what output={path} is called if it ends early; choose another name")
