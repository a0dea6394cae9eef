"""Recovers a generator's configuration from the names and shapes of published weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def recognise(state_dict: Mapping[str, Tensor]) -> dict[str, Any] | None:
    """The config of the generator that ``state_dict`` belongs to, or None.

    Known: BasicVSR as published for BasicSR (Chan et al. 2021), of any width and depth, ×4.
    """
    if "backward_trunk.main.0.weight" in state_dict and "spynet.mean" in state_dict:
        blocks = {key.split(".")[3] for key in state_dict if key.startswith("backward_trunk.main.2.")}
        return {
            "_target_": "vsr.generators.BasicVSR",
            "scale": 4,
            "channels": state_dict["backward_trunk.main.0.weight"].shape[0],
            "blocks": len(blocks),
            "head_channels": state_dict["conv_hr.weight"].shape[0],
            "flow": {"_target_": "vsr.motion.SPyNet", "weights": None},
        }
    return None
