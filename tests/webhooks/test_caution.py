"""An event that its reader does not survive: found by what was noted before, put aside alone, never for the database's
own troubles."""

import time
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core import background
from app.core.context import acting
from app.core.db import transaction
from app.core.ids import new_id
from app.gateways.evolution import EvolutionGateway
from app.webhooks import service
from app.webhooks.service import caution, processing
from app.webhooks.service.caution import ALONE, Note
from tests.factories import make_instance
from tests.gateways import payloads

FIRST, OTHER = uuid.uuid4(), uuid.uuid4()


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs."""


@pytest.fixture
def number(as_admin):
    return make_instance().id


@pytest.fixture
def arrive(company, number):
    def deliver(*words):
        with acting(company.system), transaction() as session:
            for n, each in enumerate(words):
                raw = payloads.upsert({"conversation": each}, key={"id": f"K{n}"}, messageTimestamp=int(time.time()))
                values = {"id": new_id(), "t": company.tenant_id, "i": number, "raw": raw}
                session.execute(text("SELECT store_inbound(:id, :t, :i, :raw)"), values)

    return deliver


@pytest.fixture
def faulty(monkeypatch):
    """`faulty(error)`: from then on an event that says veneno raises it."""
    sound = EvolutionGateway.parse_webhook

    def install(error):
        def parse(body):
            if b"veneno" in body:
                raise error
            return sound(body)

        monkeypatch.setattr(EvolutionGateway, "parse_webhook", staticmethod(parse))

    return install


def read_all(number, tries=40):
    """As workers that are started again and again; how many deaths it took."""
    deaths = 0
    for _try in range(tries):
        try:
            if not service.process(number):
                return deaths
        except Killed:
            deaths += 1
    raise AssertionError("it never ends")


def states():
    with transaction() as session:
        return [tuple(row) for row in session.execute(text("SELECT state, error FROM inbound_events ORDER BY id"))]


def test_the_event_that_kills_is_put_aside_and_its_neighbours_are_read(arrive, number, faulty, redis_url):
    faulty(Killed())
    arrive("um", "dois", "veneno", "quatro", "cinco")
    assert read_all(number) == 1 + ALONE
    assert [state for state, _error in states()] == ["done", "done", "dead", "done", "done"]
    assert "survive" in states()[2][1]
    with transaction() as session:
        found = session.scalars(text("SELECT body FROM messages ORDER BY external_id")).all()
    assert found == ["um", "dois", "quatro", "cinco"]
    assert caution.read(number) == Note()


def test_a_kill_that_no_event_caused_costs_nothing(arrive, number, faulty, redis_url, monkeypatch):
    arrive("um", "dois")
    with monkeypatch.context() as once:
        once.setattr(processing, "_apply", lambda *_args: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            service.process(number)
    assert read_all(number) == 0
    assert [state for state, _error in states()] == ["done", "done"]


def test_the_databases_own_troubles_are_no_events_fault(arrive, number, faulty, redis_url):
    class DiskFull(Exception):
        pgcode = "53100"

    faulty(OperationalError("INSERT", {}, DiskFull("disk full")))
    arrive("veneno")
    for _turn in range(ALONE + 2):
        with pytest.raises(OperationalError):
            service.process(number)
    assert states() == [("pending", None)]


def test_a_statement_that_never_ends_well_is_the_events_own(arrive, number, faulty, redis_url):
    class TooLong(Exception):
        pgcode = "57014"

    faulty(OperationalError("INSERT", {}, TooLong("statement timeout")))
    arrive("veneno")
    for _turn in range(ALONE):
        with pytest.raises(OperationalError):
            service.process(number)
    service.process(number)
    assert states()[0][0] == "dead"


def test_an_event_that_takes_too_long_is_interrupted(arrive, number, faulty, redis_url):
    faulty(background.TimedOut("60 s"))
    arrive("um", "veneno", "três")
    for _turn in range(20):
        try:
            if not service.process(number):
                break
        except background.TimedOut:
            continue
    assert [state for state, _error in states()] == ["done", "dead", "done"]


def test_an_error_that_quotes_what_no_column_takes_is_kept_all_the_same(arrive, number, faulty, redis_url):
    faulty(ValueError("a\0b \ud800"))
    arrive("veneno")
    service.process(number)
    assert states() == [("dead", "ValueError: ab ?")]


def test_without_redis_events_are_read(arrive, number, without_redis):
    arrive("um")
    assert service.process(number) == 1
    assert states() == [("done", None)]


def test_one_at_a_time_until_past_the_batch_that_was_not_survived():
    first = caution.begin(Note(), FIRST, 500)
    assert (first.size, first.left) == (500, 0)
    again = caution.begin(first, FIRST, 500)
    assert (again.size, again.left, again.alone) == (1, 500, 0)
    after = caution.ended(again)
    assert caution.begin(after, OTHER, 499).size == 1
    assert caution.ended(Note(str(OTHER), 1, 1)) is None


def test_only_deaths_alone_count():
    note = Note(str(FIRST), 1, 3, ALONE - 1)
    assert not note.is_poisoned
    assert caution.begin(note, FIRST, 3).is_poisoned
    assert caution.begin(note, OTHER, 3).alone == 0
