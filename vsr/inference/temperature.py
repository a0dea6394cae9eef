"""How far draws of a latent go from the mean."""

from __future__ import annotations

import math

from vsr.errors import UserError
from vsr.generators import Generator, Stochastic


def set_temperature(generator: Generator, temperature: float | None) -> None:
    """Set the temperature of a generator with a latent; None leaves every generator as it is.

    Raises:
        UserError: the generator has no latent, or the temperature is no number from 0 on.
    """
    if temperature is None:
        return
    if not isinstance(generator, Stochastic):
        raise UserError(
            f"temperature={temperature}: {type(generator).__name__} has no latent to draw; leave temperature unset"
        )
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature < math.inf:
        raise UserError(f"temperature={temperature}: expected a number from 0 on")
    generator.temperature = float(temperature)
