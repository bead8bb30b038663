"""Words by which a person stops our campaigns. Pure."""

from app.core.text import fold

OPT_OUT = frozenset(
    (
        "sair", "parar", "pare", "stop", "cancelar", "descadastrar", "descadastre", "remover", "unsubscribe",
        "nao quero mais receber", "nao quero receber", "me tire da lista", "sair da lista", "quit", "end",
    )
)  # fmt: skip
_MARKS = str.maketrans("", "", "!.,;:?\"'*_~()[]")


def is_opt_out(text: str) -> bool:
    """The whole message is the word, accents, case and punctuation aside: "vou sair agora" is a conversation."""
    return len(text) <= 60 and fold(text.translate(_MARKS)) in OPT_OUT
