"""The full table, as a paper prints it, in Markdown and in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping

from vsr.inference.sheet import Cell, Sheet

_MARKDOWN = {character: f"\\{character}" for character in "|*_"}
_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "×": r"$\times$",
    "–": "--",
    "·": r"$\cdot$",
}


def markdown(sheet: Sheet) -> str:
    """``sheet`` for a README; the best of each block in bold."""
    lines = ["| clip | method | " + " | ".join(sheet.headings) + " |", "|---|---|" + "--:|" * len(sheet.headings)]
    for block in sheet.blocks:
        title = block.title
        for row in block.rows:
            cells = [_joined(f"**{cell.text}**" if cell.is_best else cell.text, cell, "<br>") for cell in row.cells]
            lines.append(f"| {' | '.join([_escaped(title, _MARKDOWN), _escaped(row.method, _MARKDOWN), *cells])} |")
            title = ""
    return "\n".join([*lines, "", sheet.caption, ""])


def latex(sheet: Sheet) -> str:
    r"""``sheet`` as a ``table*``, which needs ``\usepackage{booktabs}``; the best of each block in bold."""

    def text(content: str) -> str:
        return _escaped(content, _LATEX)

    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{text(sheet.caption)}}}",
        rf"\begin{{tabular}}{{ll{'r' * len(sheet.headings)}}}",
        r"\toprule",
        " & ".join(["clip", "method", *map(text, sheet.headings)]) + r" \\",
    ]
    for block in sheet.blocks:
        lines.append(r"\midrule")
        title = block.title
        for row in block.rows:
            cells = [rf"\textbf{{{cell.text}}}" if cell.is_best else text(cell.text) for cell in row.cells]
            lines.append(" & ".join([text(title), text(row.method), *cells]) + r" \\")
            if any(cell.interval for cell in row.cells):
                small = [rf"{{\scriptsize {cell.interval}}}" if cell.interval else "" for cell in row.cells]
                lines.append(" & ".join(["", "", *small]) + r" \\")
            title = ""
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}", ""])


def _joined(text: str, cell: Cell, between: str) -> str:
    return f"{text}{between}{cell.interval}" if cell.interval else text


def _escaped(text: str, characters: Mapping[str, str]) -> str:
    return "".join(characters.get(character, character) for character in text)
