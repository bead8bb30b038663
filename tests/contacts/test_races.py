"""What happens when two things happen at once: real threads, real commits."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.contacts.queries import imports, people
from app.contacts.service import import_check, import_write
from app.contacts.service import imports as service
from app.contacts.service.identities import Address, resolve
from app.contacts.service.imports import Wishes
from app.core.context import Actor, acting
from app.extensions import db
from tests.contacts.test_imports import sheet
from tests.factories import Company


@pytest.fixture
def at_once(app: Flask, company: Company) -> Callable[[Callable[[], Any], int], list[Any]]:
    """Runs the same call in several threads, each with its own session, all let go together."""

    def run(call: Callable[[], Any], threads: int) -> list[Any]:
        gate, results = threading.Barrier(threads), []

        def one(actor: Actor) -> None:
            with app.app_context(), acting(actor):
                gate.wait()
                try:
                    results.append(call())
                except Exception as error:
                    results.append(error)
                finally:
                    db.session.remove()

        workers = [threading.Thread(target=one, args=(company.actor("admin"),)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return results

    return run


def test_same_person_writing_on_two_numbers_is_one_contact(at_once: Any, company: Company) -> None:
    found = at_once(lambda: resolve(Address(jid="5531987654321@s.whatsapp.net", name="Ana")).id, 6)
    assert len(set(found)) == 1, found
    with acting(company.actor("admin")):
        assert people.count_all() == 1


def test_two_workers_with_one_import_write_it_once(at_once: Any, company: Company) -> None:
    with acting(company.actor("admin")):
        rows = [[f"P{n}", f"5511987650{n:03}", "", ""] for n in range(300)]
        found_id = service.start_import(sheet(*rows), "a.csv").id
        import_check.check_import(found_id)
        service.confirm_import(found_id)
    assert at_once(lambda: import_write.write_import(found_id), 3) == [None] * 3
    with acting(company.actor("admin")):
        assert (imports.get_import(found_id).created, people.count_all()) == (300, 300)


def test_two_imports_of_the_same_people_at_once_make_them_once(at_once: Any, company: Company) -> None:
    def run() -> Any:
        rows = [[f"P{n}", f"5511987650{n:03}", "", ""] for n in range(200)]
        found = service.start_import(sheet(*rows), "a.csv", Wishes(confirms=True))
        import_check.check_import(found.id)
        import_write.write_import(found.id)
        done = imports.get_import(found.id)
        return done.status, done.created

    results = at_once(run, 2)
    assert sorted(created for _status, created in results) == [0, 200]
    assert {status for status, _created in results} == {"completed"}
    with acting(company.actor("admin")):
        assert people.count_all() == 200
