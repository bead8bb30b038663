"""WCAG AA for every pair of text and ground, in both themes, computed from the tokens themselves."""

import re
from pathlib import Path

import pytest

TOKENS = Path("app/ui/static/css/tokens.css").read_text()
PAIRS = re.findall(r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)", TOKENS)
COLOURS = {name: (light, dark) for name, light, dark in PAIRS} | {"on-brand": ("#ffffff", "#ffffff")}
TEXT_ON_GROUND = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3", "brand", "danger") for ground in ("paper", "surface")],
    *[(f"{tone}-ink", f"{tone}-soft") for tone in ("brand", "success", "info", "warning", "danger", "neutral")],
    *[(tone, "surface") for tone in ("success", "info", "warning", "read")],
    ("on-brand", "brand-solid"),
    ("on-brand", "brand-solid-hover"),
    ("on-brand", "danger-solid"),
    ("ink-2", "sunken"),
    ("ink", "sunken"),
    ("ink-2", "surface-2"),
]


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_is_readable(text: str, ground: str, theme: int):
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= 4.5
