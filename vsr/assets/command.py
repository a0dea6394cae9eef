"""The command ``python -m vsr.assets``."""

import argparse
import sys
from collections.abc import Sequence

from vsr.assets.download import torch_hub_folder
from vsr.assets.store import cache_folder, fetch, find, user_folder
from vsr.assets.table import ASSETS, Asset
from vsr.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """List the assets, fetch some of them, or say where they are looked for. Exits with 1 where one cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m vsr.assets", description="Pretrained weights and sample videos.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every asset: whether it is here, its source and its licence")
    fetching = commands.add_parser("fetch", help="obtain assets ahead of time, for a machine without a network")
    fetching.add_argument("names", nargs="+", metavar="NAME", help="names from `list`, or `all`")
    commands.add_parser("where", help="the folders that are looked in")
    options = parser.parse_args(arguments)
    try:
        if options.command == "list":
            _list()
        elif options.command == "where":
            _where()
        else:
            _fetch(list(ASSETS) if "all" in options.names else options.names)
    except UserError as error:
        sys.exit(str(error))


def _list() -> None:
    rows = [(name, "here" if find(name) else "-", _source(asset), asset.licence) for name, asset in ASSETS.items()]
    for row in [("name", "state", "source", "licence"), *rows]:
        print("{:<22}{:<7}{:<32}{}".format(*row))


def _source(asset: Asset) -> str:
    if asset.archive is None:
        return f"torchvision, {asset.torchvision_size / 2**20:.0f} MiB"
    return f"{asset.archive.name} {asset.archive.version}, {asset.archive.size / 2**20:.0f} MiB"


def _where() -> None:
    print(f"VSR_ASSETS  {user_folder() or 'not set'}")
    print(f"cache       {cache_folder()}")
    print(f"torch hub   {torch_hub_folder()}")


def _fetch(names: Sequence[str]) -> None:
    """Fetch each; one that cannot be had does not keep the others from coming."""
    failures = []
    for name in names:
        try:
            print(fetch(name))
        except UserError as error:
            failures.append(str(error))
    if failures:
        raise UserError("\n".join(failures))
