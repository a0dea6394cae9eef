"""What the commands share: compose the config with Hydra, check it, run one function, end in one clear line.

Set ``VSR_TRACEBACK=1`` to see the traceback behind an error.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from vsr.errors import UserError, nearest, one_line
from vsr.resolvers import register_resolvers
from vsr.sweep.command import end_with_sweep, in_one_line, note_error
from vsr.sweep.finish import finished
from vsr.sweep.job import run_job
from vsr.sweep.plan import Plan

register_resolvers()  # on import: a process that a launcher starts has the job of `run`, and does not call `run`

Task = Callable[[DictConfig], Any]

NUMBER_OR_WORD = frozenset({"trainer.devices"})  # Lightning's: 2 or auto
_AS_VALUE = (
    "expected KEY=VALUE. Spaces, brackets, commas and quotes in a value need quotes of their own inside the shell's: "
    "'input=\"my clip (1).mp4\"'"
)
LARGEST_SEED = 2**32 - 1  # NumPy's
CANNOT_WRITE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
)


def run(config_dir: Path, config_name: str, task: Task) -> None:
    """Compose ``config_name`` from the command line and call ``task`` with it, once a job.

    Exits with 1 and one line on standard error where the user can mend what went wrong.
    """
    end_with_sweep()
    _log_to_stdout()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let exceptions through to us: Hydra's own report is not one line

    begun: list[Path] = []

    def job(cfg: DictConfig) -> Any:
        _log_to_stdout()  # a launcher may have started this process
        output_dir = Path(HydraConfig.get().runtime.output_dir)
        begun.append(output_dir)
        try:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                return run_job(cfg, output_dir)
            check_values(config_name, cfg)
            cfg.output_dir = str(output_dir)
            return task(cfg)
        except Exception as error:
            _remove_if_empty(output_dir)
            # In a sweep the failure belongs to this job alone: Hydra records it and goes on to the next.
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise
            _exit(error, begun)

    main = hydra.main(version_base="1.3", config_path=str(config_dir), config_name=config_name)(job)
    try:
        with finished():
            main()
    except MissingConfigException as error:
        _exit(_unknown_group(error))
    except ConfigCompositionException as error:
        _exit(_unknown_key(error, config_dir, config_name))
    except Exception as error:
        _exit(error, begun)
    finally:
        Plan.withdraw()


def _log_to_stdout() -> None:
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("hydra").setLevel(logging.WARNING)  # it would repeat a sweep's whole command line for each job


def check_values(config_name: str, cfg: DictConfig) -> None:
    """Refuse a command-line value of another kind than its default (a word for a number, 2.5 steps) and a seed that
    NumPy does not take.

    Raises:
        UserError: naming the key, the value and the default.
    """
    overrides = OverridesParser.create().parse_overrides(list(HydraConfig.get().overrides.task))
    groups = [str(o.input_line) for o in overrides if _is_group(o.key_or_group)]
    defaults = hydra.compose(config_name, overrides=groups)
    for override in overrides:
        key = override.key_or_group
        if _is_group(key) or override.is_delete() or override.is_add():
            continue
        default, value = OmegaConf.select(defaults, key), OmegaConf.select(cfg, key)
        if expected := _expected(key, default, value):
            raise UserError(f"{key}={value!r}: expected {expected}, as in the default {key}={default}")
    if isinstance(cfg.seed, int) and not 0 <= cfg.seed <= LARGEST_SEED:
        raise UserError(f"seed={cfg.seed}: expected a number from 0 to {LARGEST_SEED}")


def _expected(key: str, default: Any, value: Any) -> str | None:
    """What ``value`` ought to have been, None if it is of its default's kind."""
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if not isinstance(default, int | float) or key in NUMBER_OR_WORD:
        return None
    if isinstance(value, str | bool):
        return "a number"
    # A term's weight is any number, though its default may be written 0.
    if isinstance(default, int) and isinstance(value, float) and not key.endswith(".weight"):
        return "a whole number"
    return None


def _is_group(key: str) -> bool:
    return key in GlobalHydra.instance().config_loader().list_groups("")


def _unknown_group(error: MissingConfigException) -> Exception:
    if not error.missing_cfg_file or error.options is None:
        return UserError(one_line(error))
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    if group.startswith(("hydra/launcher", "hydra/sweeper")):
        return UserError(f"{group}={name} is not installed: pip install 'vsr[sweep]'.{nearest(name, error.options)}")
    return UserError(f"{group}={name} is not known.{nearest(name, error.options)}")


def _unknown_key(error: ConfigCompositionException, config_dir: Path, config_name: str) -> Exception:
    found = re.search(r"Could not override '([^']+)'", str(error))
    if not found:
        return UserError(one_line(error))
    # Where a mapping is given for a key, the full key names the one inside it that is wrong.
    key = str(getattr(error.__cause__, "full_key", None) or found.group(1)).split("@")[0]
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(config_dir), version_base="1.3"):
        # Groups chosen on the command line decide which keys exist.
        chosen = [arg for arg in sys.argv[1:] if re.match(r"^[a-z]+=", arg) and _is_group(arg.split("=")[0])]
        try:
            cfg = hydra.compose(config_name, overrides=chosen)
        except HydraException:
            cfg = hydra.compose(config_name)
        keys = list(_keys(cfg))
    parent = key.rpartition(".")[0]
    siblings = [name for name in keys if name.rpartition(".")[0] == parent]
    hint = " Every loss term has a node in loss=full." if key.startswith("loss.") else ""
    return UserError(f"{key} is not a key of the configuration.{nearest(key, siblings or keys)}{hint}")


def _keys(node: DictConfig | ListConfig, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for name in map(str, node):
            yield f"{prefix}{name}"
            child = node._get_node(name)
            if isinstance(child, DictConfig):
                yield from _keys(child, f"{prefix}{name}.")


def _exit(error: BaseException, begun: Sequence[Path] = ()) -> None:
    """Print the one line and exit, or let a defect of ours keep its traceback.

    Args:
        error: what ended the command.
        begun: output folders of the jobs that began.
    """
    if os.environ.get("VSR_TRACEBACK"):
        raise error
    line = _user_error(error, begun)
    note_error(line or in_one_line(error))
    if line is None:
        raise error
    print(f"error: {line}", file=sys.stderr)
    sys.exit(1)


def _user_error(error: BaseException, begun: Sequence[Path]) -> str | None:
    """One line for an error that the user can mend, None for a defect of ours."""
    # Causes only: what an error merely came up in the handling of (`__context__`) does not explain it.
    chain = [error]
    while (cause := _cause(chain[-1])) is not None:
        chain.append(cause)
    for link in chain:
        if isinstance(link, UserError):
            return _without_worker_traceback(link)
    for link in chain:
        if isinstance(link, OSError) and link.filename is not None:
            return _file_error(link, begun)
    for link in chain:
        if isinstance(link, InstantiationException):
            return _instantiation_error(link)
        if isinstance(link, OverrideParseException):
            return f"{link.override}: {_AS_VALUE}"
        if isinstance(link, HydraException | OmegaConfBaseException):
            return one_line(link)
    return None


def _cause(error: BaseException) -> BaseException | None:
    # Of what a resolver raises, such as that of a job's folder, OmegaConf hides the cause.
    return error.__context__ if isinstance(error, InterpolationResolutionError) else error.__cause__


def _without_worker_traceback(error: UserError) -> str:
    """The message alone: from a data worker, torch raises the worker's whole traceback as the message."""
    text = str(error)
    if text.startswith("Caught UserError in "):
        text = text.rpartition("UserError: ")[2]
    return one_line(text)


def _file_error(error: OSError, begun: Sequence[Path]) -> str:
    line = f"{error.filename}: {error.strerror}"
    path = Path(os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename)).absolute()
    in_a_run = error.errno in CANNOT_WRITE and any(path.is_relative_to(folder) for folder in begun)
    # Before any job began, Hydra touched no file but the output folder it makes.
    return f"{line}; choose another place with output_dir=DIR or mend this one" if in_a_run or not begun else line


def _instantiation_error(error: InstantiationException) -> str | None:
    """A mistake in the config, led by its key; None where the object's own code went wrong."""
    cause = error.__cause__
    if cause is None:
        return one_line(error)
    # Not imported: only where Lightning itself raised can this be it.
    is_lightnings = type(cause).__name__ == "MisconfigurationException"
    if not (isinstance(cause, TypeError | ValueError | ImportError) or is_lightnings):
        return None
    found = re.search(r"^full_key: (.+)$", str(error), re.MULTILINE) or re.search(r"target '([^']+)'", str(error))
    return f"{found[1]}: {one_line(cause)}" if found else one_line(cause)


def _remove_if_empty(folder: Path) -> None:
    """Hydra makes the output folder before the job starts: leave none behind where nothing was written."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
