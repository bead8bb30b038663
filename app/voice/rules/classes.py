"""The price class of a voice that no list told us, by its name."""

_GOOGLE = ("chirp", "studio", "neural2", "wavenet", "polyglot", "standard")


def class_of(provider: str, voice_id: str) -> str:
    if provider == "google":
        return next((name for name in _GOOGLE if name in voice_id.lower()), "studio")
    return {"local": "local", "azure": "neural"}.get(provider, "neural")
