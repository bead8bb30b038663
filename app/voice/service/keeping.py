"""Which voice notes may not be removed: features above say what they still need."""

from collections.abc import Callable, Sequence
from uuid import UUID

Needed = Callable[[Sequence[UUID]], set[UUID]]

_askers: dict[str, Needed] = {}


def ask(name: str, call: Needed) -> None:
    """`call(media_ids)` answers, inside the transaction, which of them something still waits for."""
    _askers[name] = call


def still_needed(media_ids: Sequence[UUID]) -> set[UUID]:
    return {one for call in _askers.values() for one in call(media_ids)} if media_ids else set()
