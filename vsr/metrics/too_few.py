"""What a distribution distance raises when there is too little to tell."""

from vsr.errors import UserError


class TooFewError(UserError):
    """A set is too small for the distance between two distributions to mean anything."""

    def __init__(self, metric: str, count: int, fewest: int, samples: str) -> None:
        super().__init__(f"{metric} needs at least {fewest} {samples} and got {count}. Score more or longer clips.")
