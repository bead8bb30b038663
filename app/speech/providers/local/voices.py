"""The voices of eSpeak NG that are offered: the plain one of each language and variants that stay clear."""

from app.speech.port import Voice

_LANGUAGES = {"pt-BR": "pt-br", "pt-PT": "pt", "en-US": "en-us", "en-GB": "en", "es-419": "es-419", "es-ES": "es"}
_VARIANTS = (
    ("", "eSpeak", "male"),
    ("Andrea", "Andrea", "female"),
    ("belinda", "Belinda", "female"),
    ("linda", "Linda", "female"),
    ("antonio", "Antônio", "male"),
    ("Henrique", "Henrique", "male"),
)
VOICES = tuple(
    Voice(f"{code}+{variant}" if variant else code, name, language, gender, "local")
    for language, code in _LANGUAGES.items()
    for variant, name, gender in _VARIANTS
)
