"""How the company's own words are said."""

import uuid

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import emit
from app.core.permissions import require
from app.voice.models import Pronunciation

MAX_WORD, MOST_WORDS = 100, 1000


def add_pronunciation(word: str, spoken: str) -> Pronunciation:
    """A word that is there already is said the new way. Raises Invalid."""
    require("voice.manage")
    word, spoken = (" ".join(one.replace("\0", "").split()) for one in (word, spoken))
    for field, value in (("word", word), ("spoken", spoken)):
        if not any(map(str.isalnum, value)):
            raise Invalid.field(field, _("Escreva a palavra."))
        if len(value) > MAX_WORD:
            raise Invalid.field(field, _("No máximo %(n)s caracteres.", n=MAX_WORD))
    with transaction() as session:
        mine = Pronunciation.tenant_id == current_actor().tenant_id
        if (session.scalar(select(func.count()).select_from(Pronunciation).where(mine)) or 0) >= MOST_WORDS:
            raise Conflict(_("O dicionário está cheio: no máximo %(n)s palavras.", n=MOST_WORDS))
        same = select(Pronunciation).where(mine, func.lower(Pronunciation.word) == word.lower())
        found = session.scalar(same) or Pronunciation(word=word)
        found.word, found.spoken = word, spoken
        session.add(found)
        session.flush()
        audit("voice.pronunciation", "pronunciation", found.id, {"word": word, "spoken": spoken})
        emit("voice.dictionary_changed")
    return found


def remove_pronunciation(word_id: uuid.UUID) -> None:
    require("voice.manage")
    with transaction() as session:
        found = session.get(Pronunciation, word_id)
        if found is None or found.tenant_id != current_actor().tenant_id:
            raise NotFound
        audit("voice.pronunciation_removed", "pronunciation", found.id, {"word": found.word})
        emit("voice.dictionary_changed")
        session.delete(found)
