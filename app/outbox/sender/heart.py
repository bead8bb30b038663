"""Leases of what the sender has in hand, renewed as long as its process lives, between shifts too."""

import threading
import uuid
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.outbox.sender.store import Store

log = structlog.get_logger(__name__)


class Heart:
    """`in_hand`: the messages whose claim or call is still ours. Nothing in hand, no connection held."""

    def __init__(self, store: Store, every: float, in_hand: Callable[[], Sequence[uuid.UUID]]) -> None:
        self._store, self._every, self._in_hand = store, every, in_hand
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="heart", daemon=True).start()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            messages = self._in_hand()
            try:
                if messages:
                    self._store.beat(messages)
                else:
                    self._store.close()
            except SQLAlchemyError:
                log.warning("beat_failed", exc_info=True)

    def stop(self) -> None:
        self._stop.set()
