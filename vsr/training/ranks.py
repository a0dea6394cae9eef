"""What the processes of a distributed run tell each other."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from vsr.inference.evaluator import ClipResult


def gather(results: list[ClipResult]) -> list[ClipResult]:
    """The results of all ranks, each clip once, in order of name; just ``results`` in a single process."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return results
    shares: list[list[ClipResult]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(shares, results)
    by_name = {result.name: result for share in shares for result in share}
    return [by_name[name] for name in sorted(by_name)]


def gather_names(names: Iterable[str]) -> list[str]:
    """The names that any rank has, each once, sorted."""
    own = sorted(set(names))
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return own
    shares: list[list[str]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(shares, own)
    return sorted({name for share in shares for name in share})
