"""How one bounded place is shared. Pure."""

from collections.abc import Iterable


def share(sizes: Iterable[int], bound: int) -> int:
    """What each may keep so that all fit into `bound`: the small ones everything, the large ones equally much. So
    nobody's audios are driven out by somebody who has more than they."""
    rest, waiting = bound, sorted(sizes)
    while waiting:
        equal = rest // len(waiting)
        if waiting[0] > equal:
            return equal
        rest -= waiting.pop(0)
    return bound
