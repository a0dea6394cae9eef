"""What the control groups of Linux leave this process: a container sees all of the machine's memory as free."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

_OWN, _ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

# Of version 2 and 1: where groups are, the files of their limit and use, and what of that is the files they have read,
# which gives way.
_VERSIONS = (
    ("", "memory.max", "memory.current", ("inactive_file", "active_file")),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
)


def left_to_container(own: Path = _OWN, root: Path = _ROOT) -> float:
    """Bytes that this process may take by the tightest of its groups, infinite without a limit.

    Args:
        own: file that names the groups of this process.
        root: folder of all groups.
    """
    left = [float("inf")]
    for folder, limit, used, cached in _VERSIONS:
        for group in _groups(own, "memory" if folder else ""):
            place = root / folder / group
            try:
                statistics = dict(line.split() for line in (place / "memory.stat").read_text().splitlines())
                free = float((place / limit).read_text()) - float((place / used).read_text())
                left.append(free + sum(float(statistics[name]) for name in cached))
            except (OSError, ValueError, KeyError):  # none of that version, no limit, or seen from within a container
                continue
    return min(left)


def _groups(own: Path, controller: str) -> list[PurePosixPath]:
    """The group of this process under ``controller`` and all that it is in, without the root's slash."""
    groups = {PurePosixPath()}
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            group = PurePosixPath(path.lstrip("/"))
            groups |= {group, *group.parents}
    return sorted(groups)
