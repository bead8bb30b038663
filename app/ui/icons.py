"""The icons of the interface. The sprite holds only those named in `icons.txt`: add a name there, then run
`python -m app.ui.assets`."""

from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

NAMES = Path(__file__).with_name("icons.txt")
ICONS = frozenset(NAMES.read_text().split())


class UnknownIcon(LookupError):
    """The name is not in icons.txt."""


@lru_cache(maxsize=1024)
def icon_markup(sprite_url: str, name: str, extra: str = "") -> Markup:
    """Decorative: the text beside it, or the button's label, carries the meaning."""
    if name not in ICONS:
        raise UnknownIcon(f"icon {name!r} is not in app/ui/icons.txt")
    return Markup('<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>').format(
        extra, sprite_url, name
    )
