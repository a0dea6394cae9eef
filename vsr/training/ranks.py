"""What the processes of a distributed run tell each other."""

from __future__ import annotations

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


def gather_texts(texts: dict[str, str]) -> dict[str, str]:
    """The texts of all ranks by name, in order of name; of one name, the lowest rank's."""
    shares: list[dict[str, str]] = [texts]
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        shares = [{} for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather_object(shares, texts)
    joined = {name: text for share in reversed(shares) for name, text in share.items()}
    return dict(sorted(joined.items()))
