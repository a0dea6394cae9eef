"""Names of tensors, summed up by the modules that hold them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

Path = tuple[str, ...]


def tensor_groups(chosen: Collection[str], names: Iterable[str]) -> list[str]:
    """The fewest modules that hold the tensors ``chosen`` and no other of ``names``, numbered neighbours as a range.

    With ``body.0.weight`` to ``body.9.weight``, the last four of them chosen: ``["body.6-9"]``. A tensor beside
    others that are not chosen is named itself.

    Args:
        chosen: some of ``names``.
        names: keys of a state dict, in its order.
    """
    return _modules({tuple(name.split(".")): name in chosen for name in names}, "")


def _modules(is_chosen: dict[Path, bool], prefix: str) -> list[str]:
    children: dict[str, dict[Path, bool]] = {}
    for (first, *rest), chosen in is_chosen.items():
        children.setdefault(first, {})[tuple(rest)] = chosen
    whole = [child for child, inside in children.items() if all(inside.values())]
    found = [prefix + child for child in _ranges(whole)]
    for child, inside in children.items():
        if child not in whole and any(inside.values()):
            found += _modules(inside, f"{prefix}{child}.")
    return found


def _ranges(children: list[str]) -> list[str]:
    """``3, 4, 5`` as ``3-5``."""
    runs: list[list[str]] = []
    for child in children:
        follows = bool(runs) and child.isdigit() and runs[-1][-1].isdigit() and int(child) == int(runs[-1][-1]) + 1
        if follows:
            runs[-1].append(child)
        else:
            runs.append([child])
    return [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
