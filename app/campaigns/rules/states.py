"""Which action is legal in which state. `paused` before the start means that a person has to decide."""

EDITABLE = frozenset({"draft", "scheduled"})
RUNNING = frozenset({"sending", "paused"})
ENDED = frozenset({"completed", "cancelled", "failed"})
MISSED_AFTER_HOURS = 6

FROM: dict[str, frozenset[str]] = {
    "edit": EDITABLE,
    "pace": EDITABLE | RUNNING,
    "delete": frozenset({"draft"}),
    "launch": EDITABLE,
    "schedule": EDITABLE,
    "unschedule": frozenset({"scheduled"}),
    "pause": frozenset({"sending"}),
    "resume": frozenset({"paused"}),
    "cancel": frozenset({"scheduled", "sending", "paused"}),
    "retry": frozenset({"sending", "paused", "completed"}),
    "resend": frozenset({"sending", "paused", "completed"}),
    "export": frozenset({"sending", "paused", "completed", "cancelled"}),
}
# Never launched: a schedule that nobody was there to keep, or a launch that could not be done.
_BEFORE_START: dict[str, frozenset[str]] = {
    "schedule": frozenset({"paused", "failed"}),
    "unschedule": frozenset({"paused", "failed"}),
    "delete": frozenset({"failed", "cancelled"}),
}


def allowed(action: str, status: str, *, started: bool) -> bool:
    if not started and status in _BEFORE_START.get(action, frozenset()):
        return True
    if not started and action in ("retry", "resend", "export"):
        return False
    return status in FROM[action]


def actions(status: str, *, started: bool) -> set[str]:
    return {action for action in FROM if allowed(action, status, started=started)}


def sources(action: str) -> tuple[str, ...]:
    """The states a conditional UPDATE may start from, for campaigns that have started."""
    return tuple(sorted(FROM[action]))
