"""How much of everything: the profile of docs/sizing.md, and smaller shares of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mix:
    """`words`: of customers, a minute. Numbers send at the product's own pace."""

    minutes: float = 10.0
    scale: float = 1.0

    def share(self, whole: int, least: int = 1) -> int:
        return max(least, round(whole * self.scale))

    @property
    def idle_sockets(self) -> int:
        return self.share(1_000)

    @property
    def attendants(self) -> int:
        return self.share(10)

    @property
    def customers(self) -> int:
        return self.share(200)

    @property
    def words(self) -> int:
        return self.share(1_000)

    @property
    def supervisors(self) -> int:
        """With the whole inbox open: they hear of every message."""
        return self.share(2)

    @property
    def watchers(self) -> int:
        """With a running campaign open."""
        return self.share(10)

    @property
    def walkers(self) -> int:
        return self.share(50) - self.supervisors - self.watchers if self.scale >= 0.1 else 1

    @property
    def senders(self) -> int:
        """Companies with campaigns."""
        return self.share(10)

    @property
    def numbers(self) -> int:
        return self.share(50, self.senders)

    @property
    def audience(self) -> int:
        """Of each campaign: more than its numbers can send meanwhile."""
        each = -(-self.numbers // self.senders)
        return int(each * (60 * (self.minutes + 3)))

    @property
    def notes(self) -> int:
        """Of the spoken campaign, on one number."""
        return int(60 * (self.minutes + 3))

    @property
    def import_rows(self) -> int:
        return 10_000

    @property
    def probe_seconds(self) -> float:
        """How long each thing is measured by itself."""
        return min(12.0, max(4.0, self.minutes * 2))
