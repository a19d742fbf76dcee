"""Whose turn it is when shares differ: smooth weighted round robin, as nginx does it."""

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class WeightedTurns(Generic[T]):
    """Deals turns so that every run of sum(weights) turns holds each choice exactly `weight` times, spread evenly.

    Raises:
        ValueError: a weight below 0.
    """

    def __init__(self, shares: Sequence[tuple[int, T]]) -> None:
        if any(weight < 0 for weight, _ in shares):
            raise ValueError(f"weights must be at least 0, got {[weight for weight, _ in shares]}")
        self._shares = [(weight, choice) for weight, choice in shares if weight]
        self._total = sum(weight for weight, _ in self._shares)
        self._credit = [0] * len(self._shares)

    def next(self) -> T | None:
        """The choice whose turn it is; None if none has a weight."""
        if not self._shares:
            return None
        self._credit = [credit + weight for credit, (weight, _) in zip(self._credit, self._shares, strict=True)]
        chosen = self._credit.index(max(self._credit))
        self._credit[chosen] -= self._total
        return self._shares[chosen][1]
