"""Who works here: companies, their people and numbers, campaigns ready to go."""

import uuid
from dataclasses import dataclass

from app.accounts.models import User
from app.accounts.queries import find_person
from app.accounts.service import pairs
from app.accounts.service.pairs import Keys
from app.accounts.service.sessions import Client
from app.campaigns import service as campaigns
from app.core.context import acting
from app.core.crypto import token_hash
from app.core.db import release, transaction
from app.inbox.models import Queue, QueueMember
from app.voice import service as voices
from benchmarks import seeds
from benchmarks.load.mix import Mix
from benchmarks.load.site import SIMULATOR_KEY, Site
from benchmarks.voice import audience
from tests.factories import PASSWORD_HASH, Company, make_company, make_instance

SHOP_NUMBERS, CONTACTS = 2, 5_000
PER_COMPANY = 50
SENDING = "Olá {nome}, temos novidades para você nesta semana. Responda para saber mais."
SPOKEN = "Olá {nome}, temos novidades para você nesta semana."
DIFFERENT_NAMES = 300


@dataclass
class Cast:
    """`shop`: the company that attends. `runs`: (company, campaign) of the others. `idle`: who only listens."""

    shop: Company
    shop_numbers: list[uuid.UUID]
    attendants: list[str]
    managers: list[str]
    runs: list[tuple[Company, uuid.UUID]]
    spoken: uuid.UUID
    idle: list[dict[str, str]]

    @property
    def speaker(self) -> Company:
        return self.runs[0][0]


def hire(site: Site, mix: Mix) -> Cast:
    """Inside an app context."""
    shop = make_company("Doceria")
    numbers = [_number(site, shop, unpaced=True) for _ in range(SHOP_NUMBERS)]
    seeds.make_people(site.servers, shop, CONTACTS)
    attendants = _attendants(shop, mix.attendants)
    managers = _people(shop, "manager", mix.supervisors + mix.walkers, "gerente")
    runs, spoken = _campaigns(site, mix)
    seeds.analyze(site.servers, "contacts", "contact_identities", "messages", "outbox", "campaign_recipients")
    idle = _idle(site, mix.idle_sockets)
    _connect(site)
    return Cast(shop, numbers, attendants, managers, runs, spoken, idle)


def _people(company: Company, role: str, count: int, tag: str) -> list[str]:
    """Their e-mails."""
    with acting(company.system), transaction() as session:
        emails = [f"{tag}-{n}-{company.tenant_id.hex}@exemplo.com.br" for n in range(count)]
        session.add_all(User(email=one, name=f"Bia {n}", role=role, password_hash=PASSWORD_HASH)
                        for n, one in enumerate(emails))  # fmt: skip
    release()
    return emails


def _attendants(shop: Company, count: int) -> list[str]:
    """Of one queue that shares its conversations out."""
    emails = _people(shop, "agent", count, "atende")
    with acting(shop.system), transaction() as session:
        queue = Queue(name="Atendimento", distribution="round_robin")
        session.add(queue)
        session.flush()
        for person in session.query(User).filter(User.email.in_(emails)):
            session.add(QueueMember(queue_id=queue.id, user_id=person.id))
    release()
    return emails


def _number(site: Site, company: Company, *, unpaced: bool = False) -> uuid.UUID:
    """Known to both sides; its phone is still to be pointed at the code."""
    with acting(company.actor("admin")):
        more = {"pace": seeds.UNPACED} if unpaced else {}
        secret = uuid.uuid4().hex
        made = make_instance(
            base_url=site.simulator, api_key=SIMULATOR_KEY, token=secret,
            webhook_secret_hash=token_hash(seeds.SECRET), **more,
        )  # fmt: skip
        found, name = made.id, made.external_name
    release()
    hook = {"url": f"{site.url}/webhooks/evolution/{found}", "byEvents": False, "base64": True, "events": [],
            "headers": {"Authorization": f"Bearer {seeds.SECRET}"}}  # fmt: skip
    body = {"instanceName": name, "token": secret, "integration": "WHATSAPP-BAILEYS", "qrcode": False}
    site.play("POST", "/instance/create", {**body, "groupsIgnore": True, "webhook": hook})
    site.play("GET", f"/instance/connect/{name}")
    return found


def _connect(site: Site) -> None:
    """Fast until all phones are there; then as slow as people are. Everybody is on WhatsApp."""
    while any(one["state"] != "open" for one in site.play("GET", "/_sim/instances")):
        site.play("POST", "/_sim/scan-all", {})
    site.play("POST", "/_sim/config", {"speed": 1.0, "not_on_whatsapp": "^$"})


def _campaigns(site: Site, mix: Mix) -> tuple[list[tuple[Company, uuid.UUID]], uuid.UUID]:
    """One a company over its numbers, launched and paused; the first company also has a spoken one."""
    runs = []
    each = [mix.numbers // mix.senders + (n < mix.numbers % mix.senders) for n in range(mix.senders)]
    spoken = None
    for n, count in enumerate(each):
        company = make_company(f"Loja {n}")
        numbers = [_number(site, company) for _ in range(count)]
        people = 10_000 + n * 20_000
        group = audience(site.servers, company, mix.audience, mix.audience, start=people)
        with acting(company.actor("admin")):
            voice = None
            if spoken is None:
                heard = audience(site.servers, company, mix.notes, DIFFERENT_NAMES, start=people + 15_000)
                voice = voices.create_config(name="Embutida").id
                spoken = _launched("Falada", SPOKEN, numbers[:1], heard, voice)
            runs.append(
                (company, _launched("Novidades", SENDING, numbers[1:] if voice and count > 1 else numbers, group))
            )
        release()
    assert spoken
    return runs, spoken


def _launched(
    name: str, text: str, numbers: list[uuid.UUID], group: uuid.UUID, voice: uuid.UUID | None = None
) -> uuid.UUID:
    made = campaigns.create(
        name=name, message=text, instance_ids=numbers, audience={"group_ids": [group]}, tts_config_id=voice
    )
    found = made.id
    campaigns.launch(found)
    campaigns.pause(found)
    return found


def resume(cast: Cast, *, spoken: bool = False) -> None:
    """All written campaigns, or the spoken one. Inside an app context."""
    for company, campaign in [(cast.speaker, cast.spoken)] if spoken else cast.runs:
        with acting(company.actor("admin")):
            campaigns.resume(campaign)
    release()


def pause(cast: Cast, *, spoken: bool = False) -> None:
    for company, campaign in [(cast.speaker, cast.spoken)] if spoken else cast.runs:
        with acting(company.actor("admin")):
            campaigns.pause(campaign)
    release()


def cancel(cast: Cast, *, spoken: bool = False) -> None:
    """All of them."""
    for company, campaign in [*cast.runs, (cast.speaker, cast.spoken)]:
        with acting(company.actor("admin")):
            campaigns.cancel(campaign)
    release()


def _idle(site: Site, count: int) -> list[dict[str, str]]:
    """As many people of other companies, each with a token of their own."""
    keys, client, found = Keys.of(site.servers.config), Client("127.0.0.1", "load"), list[dict[str, str]]()
    while len(found) < count:
        company = make_company(f"Vizinha {len(found)}")
        emails = _people(company, "agent", min(PER_COMPANY, count - len(found)), "ouve")
        with acting(company.system), transaction() as session:
            ids = [person.id for person in session.query(User).filter(User.email.in_(emails))]
        for user_id in ids:
            person = find_person(company.tenant_id, user_id)
            assert person
            found.append({"token": pairs.issue(person, client, keys).access_token})
        release()
    return found
