"""Long lists of tensors, told in few words."""

import pytest

from vsr.generators.tensor_groups import tensor_groups


@pytest.mark.parametrize(
    ("chosen", "groups"),
    [
        ([f"body.{n}.{kind}" for n in range(6, 10) for kind in ("weight", "bias")], ["body.6-9"]),
        ([f"body.{n}.weight" for n in (1, 2, 4)], ["body.1.weight", "body.2.weight", "body.4.weight"]),
        ([f"body.{n}.{kind}" for n in (1, 2, 4) for kind in ("weight", "bias")], ["body.1-2", "body.4"]),
        ([f"body.{n}.{kind}" for n in range(10) for kind in ("weight", "bias")], ["body"]),
        (["head.bias", "scale"], ["scale", "head.bias"]),
        ([], []),
    ],
)
def test_tensors_are_summed_up_by_module(chosen, groups):
    names = [f"body.{n}.{kind}" for n in range(10) for kind in ("weight", "bias")] + ["head.weight", "head.bias"]
    assert tensor_groups(chosen, [*names, "scale"]) == groups
