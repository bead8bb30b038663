"""An audio that could not be made."""


class Trouble(Exception):
    """`code`: credentials, quota, timeout, unavailable, unspeakable, unsupported, too_long, budget, busy, broken.

    `is_the_texts`: no other voice or hour would do; the rest is the provider's or ours and may pass. `detail` is the
    provider's own words.
    """

    def __init__(self, code: str, detail: str = "", *, is_outage: bool = False) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail, self.is_outage = code, detail, is_outage

    @property
    def is_the_texts(self) -> bool:
        return self.code in ("unspeakable", "too_long")

    @property
    def needs_a_person(self) -> bool:
        return self.code in ("credentials", "budget", "unsupported", "broken")
