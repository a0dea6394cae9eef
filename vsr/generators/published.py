"""Weights published by others: their names, brought to ours, and the configuration they were made for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

# Names given by mmagic (mmediting before it) and our names, which are BasicSR's.
RENAMINGS = (
    (re.compile(r"^(backward|forward)_resblocks\."), r"\1_trunk."),
    (re.compile(r"^upsample(\d)\.upsample_conv\."), r"upconv\1."),
)
# There a level of SPyNet counts convolutions, here convolutions and the ReLUs between them.
SPYNET_CONVOLUTION = re.compile(r"^(spynet\.basic_module\.\d\.basic_module\.)(\d)\.conv\.")

# Architectures with weights that resemble ours, and the beginning of a name that gives each away.
OTHERS = {
    "IconVSR": ("edvr.", "backward_fusion.", "forward_fusion."),
    "RealBasicVSR": ("image_cleaning.", "basicvsr."),
    "BasicVSR++ for input at full resolution": ("feat_extract.0.",),
}


def with_own_names(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of mmagic's, or of mmediting's before it, under our names, which are BasicSR's.

    The generator is one part of it, ``generator.*``, or two if it was averaged, ``generator_ema.*``: the average is
    taken, what else there is (``step_counter``) is left. Names not known stay as they are.
    """
    for prefix in ("generator_ema.", "generator."):
        part = {key.removeprefix(prefix): value for key, value in state_dict.items() if key.startswith(prefix)}
        if part:
            return {_own_name(key): value for key, value in part.items()}
    return {_own_name(key): value for key, value in state_dict.items()}


def other_architecture(state_dict: Mapping[str, Tensor]) -> str | None:
    """Name of the architecture of ``state_dict``, under our names, if it is a known one that is not built here."""
    for architecture, beginnings in OTHERS.items():
        if any(key.startswith(beginnings) for key in state_dict):
            return architecture
    return None


def recognise(state_dict: Mapping[str, Tensor]) -> dict[str, Any] | None:
    """The config of the generator that ``state_dict``, under our names, belongs to, or None.

    Known: BasicVSR (Chan et al., CVPR 2021) and BasicVSR++ (Chan et al., CVPR 2022) with SPyNet, and TecoGAN-PyTorch's
    FRVSR and TecoGAN, of any size. The largest residue of BasicVSR++'s offsets leaves no trace in the weights: it is
    taken to be the published 10 pixels.
    """
    if state_dict.keys() >= {"fnet.encoder1.0.weight", "srnet.conv_in.0.weight", "srnet.conv_out.weight"}:
        return _recurrent(state_dict)
    if not state_dict.keys() >= {"spynet.mean", "upconv1.weight", "conv_hr.weight"}:
        return None
    shared = {
        "scale": _scale(state_dict),
        "head_channels": state_dict["conv_hr.weight"].shape[0],
        "flow": {"_target_": "vsr.motion.SPyNet", "weights": None},
    }
    if "backward_trunk.main.0.weight" in state_dict:
        return shared | {
            "_target_": "vsr.generators.BasicVSR",
            "channels": state_dict["backward_trunk.main.0.weight"].shape[0],
            "blocks": _blocks(state_dict, "backward_trunk"),
        }
    if state_dict.keys() >= {"deform_align.backward_1.weight", "deform_align.backward_1.conv_offset.6.weight"}:
        return shared | {
            "_target_": "vsr.generators.BasicVSRPlusPlus",
            "channels": state_dict["deform_align.backward_1.weight"].shape[0],
            "blocks": _blocks(state_dict, "backbone.backward_1"),
            "outer_blocks": _blocks(state_dict, "feat_extract"),
            "deform_groups": state_dict["deform_align.backward_1.conv_offset.6.weight"].shape[0] // 27,
        }
    return None


def _recurrent(state_dict: Mapping[str, Tensor]) -> dict[str, Any]:
    """Its first convolution reads a frame of LR, and one of SR folded into scale² times as many channels."""
    frames = state_dict["srnet.conv_in.0.weight"].shape[1] // 3
    return {
        "_target_": "vsr.generators.Recurrent",
        "scale": math.isqrt(frames - 1),
        "channels": state_dict["srnet.conv_out.weight"].shape[1],
        "blocks": _numbered(state_dict, "srnet.resblocks."),
        "enlargement": "corner_bicubic" if "upsample_func.kernels" in state_dict else "bilinear",
        "flow": {"_target_": "vsr.generators.FlowNet", "width": state_dict["fnet.encoder1.0.weight"].shape[0]},
    }


def _own_name(name: str) -> str:
    for pattern, replacement in RENAMINGS:
        name = pattern.sub(replacement, name)
    return SPYNET_CONVOLUTION.sub(lambda match: f"{match[1]}{2 * int(match[2])}.", name)


def _scale(state_dict: Mapping[str, Tensor]) -> int:
    """factor ** shuffles: the last convolution before a pixel shuffle is factor² times as wide as the head."""
    shuffles = 2 if "upconv2.weight" in state_dict else 1
    widening = state_dict[f"upconv{shuffles}.weight"].shape[0] // state_dict["conv_hr.weight"].shape[0]
    return math.isqrt(widening) ** shuffles


def _blocks(state_dict: Mapping[str, Tensor], trunk: str) -> int:
    """Number of residual blocks of a `ResidualTrunk`."""
    return _numbered(state_dict, f"{trunk}.main.2.")


def _numbered(state_dict: Mapping[str, Tensor], beginning: str) -> int:
    """How many modules there are whose names are ``beginning`` and a number."""
    return len({key.removeprefix(beginning).split(".")[0] for key in state_dict if key.startswith(beginning)})
