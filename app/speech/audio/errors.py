"""What can be wrong with a file of sound."""

from typing import Literal

Code = Literal["empty", "unreadable", "too_large", "too_long"]


class AudioError(Exception):
    """`empty`: no sound inside; `unreadable`: no audio file that we know; the others name the bound passed."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code: Code = code
        self.detail = detail
