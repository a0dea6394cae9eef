"""One HTML file from the template, the style, the script and the data."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from vsr.frontier.frontier import Frontier
from vsr.frontier.report.content import content
from vsr.frontier.report.pictures import LIMIT, clips
from vsr.whole_file import ANOTHER_OUTPUT, whole_file

SCRIPTS = ("plot.js", "legend.js", "choice.js", "page.js")

log = logging.getLogger(__name__)


def write_report(frontier: Frontier, path: Path, limit: int = LIMIT) -> None:
    """Write the page that shows ``frontier``: one file, which asks for nothing else and works without a network.

    Args:
        frontier: what is shown; its pictures are read from where the points' ``results.json`` lie.
        path: the file.
        limit: bytes of pictures in it.

    Raises:
        UserError: the file cannot be written.
    """
    shown, notes = clips(frontier.points, limit)
    for note in notes:
        log.warning(f"{path.name}: {note}")
    with whole_file(path, ANOTHER_OUTPUT) as part:
        part.write_text(page(content(frontier, shown, notes)), encoding="utf-8")


def page(data: dict[str, Any]) -> str:
    """The HTML that shows ``data``.

    Its policy lets it load nothing, and run no script and use no style but its own, whatever text the data hold.
    """
    style, script = _source("page.css"), "".join(map(_source, SCRIPTS))
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"
    return Template(_source("page.html")).substitute(
        policy=policy, style=style, script=script, data=for_script_element(data)
    )


def for_script_element(data: Any) -> str:
    """JSON that no text in it can end the script element of."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
