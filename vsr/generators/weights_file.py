"""A generator's weights in a .safetensors file that describes itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

KEY = "vsr"  # of the metadata; other programs use others


def write_weights(path: Path, state_dict: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
    """Write ``state_dict`` with ``record``, plain values, in the metadata."""
    # The format refuses tensors that share memory.
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state_dict.items()}
    safetensors.torch.save_file(tensors, path, metadata={KEY: json.dumps(record, default=str)})
    path.chmod(0o644)  # the library's 0600 would shut out all but the user


def read_record(path: Path) -> dict[str, Any] | None:
    """The record in a file of `write_weights`; None in one of another program's."""
    with safetensors.safe_open(path, "pt") as file:
        text = (file.metadata() or {}).get(KEY)
    return dict(json.loads(text)) if text else None
