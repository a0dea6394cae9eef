"""What made the LR that is scored, and whether that also made the LR that the weights were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vsr.data.sets.given_lr import made_by
from vsr.degradations.recipe import Recipe, differences, published

_MOST = 6  # keys that a warning names


@dataclass(frozen=True)
class LROrigin:
    """Recipes of the LR that is ``scored`` and of the LR that the weights were ``trained`` on; None: not known.

    ``given``: the data bring the LR that is scored.
    """

    scored: Recipe | None
    trained: Recipe | None
    given: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any], given: bool, degradation: Any, trained: Recipe | None) -> LROrigin:
        """Of a scoring.

        Args:
            config: the whole configuration; its ``data.lr_is`` says what made LR that the data bring (`made_by`).
            given: whether they bring it.
            degradation: makes LR where they do not.
            trained: recipe of the LR that the weights were trained on.

        Raises:
            UserError: ``data.lr_is`` is no degradation that has a name.
        """
        if not given:
            return cls(degradation.recipe(), trained)
        name = made_by(config["data"].get("lr"), config["data"].get("lr_is"))
        return cls(published("data.lr_is", name, config["scale"]) if name else None, trained, given)

    @property
    def record(self) -> dict[str, Any]:
        """For ``results.json``: both names, and the keys in which the recipes differ, None where that is not known."""
        return {
            "degradation": self.scored["name"] if self.scored else "given LR",
            "trained_degradation": self.trained["name"] if self.trained else None,
            "degradation_differences": list(self._differences) if self.scored and self.trained else None,
        }

    @property
    def warning(self) -> str | None:
        """One line where the recipes differ, or where of given LR it is not known whether they do."""
        if self.given and self.trained and not self.scored:
            return (
                "what made the given LR is not known, and so not whether it is what these weights were trained on "
                f"({self.trained['name']}). Set data.lr_is to what made it."
            )
        found = self._differences
        if not found:
            return None
        if "name" in found:  # what only one kind of degradation has says nothing more
            found = {key: pair for key, pair in found.items() if None not in pair}
        said = {"name": "degradation"}
        keys = [
            f"{said.get(key, key)} ({_shown(here)}, in training {_shown(there)})"
            for key, (here, there) in found.items()
        ]
        more = f" and {len(keys) - _MOST} more" if len(keys) > _MOST else ""
        remedy = "Set degradation= as it was in training."
        if self.given:
            remedy = "Set data.lr=null and degradation= as in training, or data.lr_is if it is wrong about this LR."
        return f"scored on other LR than these weights were trained on: {', '.join(keys[:_MOST])}{more}. {remedy}"

    @property
    def _differences(self) -> dict[str, tuple[Any, Any]]:
        return differences(self.scored, self.trained) if self.scored and self.trained else {}


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return "another" if isinstance(value, Mapping) else str(value)
