"""The voice worker's jobs. What loads the libraries of sound is imported inside: only that worker needs them."""

import uuid

from app.core.background import job
from app.core.context import acting, system
from app.core.db import release
from app.core.retention import every_tenant
from app.voice import service
from app.voice.queries.audios import find_audio
from app.voice.rules.recipes import Recipe
from app.voice.rules.shares import share
from app.voice.service import cache, eviction, money
from app.voice.service.limits import limits
from app.voice.service.trouble import Trouble

MB = 1024 * 1024


@job("voice.make", queue="voice", timeout=600)
def make(tenant_id: str, audio_id: str) -> None:
    """One audio that somebody asked to hear."""
    from app.voice.service.making import obtain

    with acting(system(uuid.UUID(tenant_id))):
        wanted = find_audio(uuid.UUID(audio_id))
        if wanted is None:
            return
        asked, recipe = wanted.id, Recipe.from_json(wanted.recipe)
        release()
        try:
            made = obtain(recipe)
        except Trouble:
            return  # the row says why
        if made.kept.id != asked:
            cache.point_to(asked, made.kept.id)
        money.record([made.use()])
        cache.touch(dict.fromkeys((made.kept.id, *made.parts), 1))


@job("voice.test", queue="voice", timeout=120)
def test(tenant_id: str, provider: str, language: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.run_test(provider, language)


@job("voice.voices", queue="voice", timeout=120)
def voices(tenant_id: str, provider: str, language: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        try:
            service.fetch_voices(provider, language)
        except Trouble:
            return  # the list says why


@job("voice.evict", queue="default", timeout=900, every=3600)
def evict() -> None:
    """What expired, then what is beyond the bound of the whole server, of those who take the most."""
    sizes: dict[uuid.UUID, int] = {}
    for tenant_id in every_tenant():
        eviction.evict()
        sizes[tenant_id] = eviction.size()
    allowed = share(sizes.values(), limits().cache_mb * MB)
    for tenant_id in every_tenant():
        if sizes.get(tenant_id, 0) > allowed:
            eviction.shrink(allowed)


@job("voice.rate", queue="default", every=3600)
def rate() -> None:
    """Fewer than 60 % of the week's audios were there already: somebody should look at the texts."""
    for _tenant_id in every_tenant():
        money.tell_low_rate()
