"""A new key: everything sealed opens with it alone, whenever the work was interrupted."""

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import text

from app.accounts.cli import rotate_key
from app.accounts.models import User
from app.core import crypto, rotation
from app.core.context import acting
from app.core.db import transaction
from app.hooks import service as hooks
from tests.factories import make_instance

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture(autouse=True)
def _keys(config):
    crypto.configure([OLD], "s")
    yield
    crypto.configure(config.encryption_keys, config.secret_key)


@pytest.fixture
def sealed(company):
    """A number, a webhook and a second factor, under the old key."""
    with acting(company.actor()), transaction() as session:
        instance = make_instance(webhook_secret=crypto.seal("abc"))
        hook = hooks.create_webhook("http://127.0.0.1:9/", ["ticket.*"])
        session.get(User, company.users["admin"]).totp_secret = crypto.seal("totp")
        made = {"instance": instance.id, "hook": hook.row.id, "secret": hook.secret}
    yield made
    # Nobody else has these keys: whoever looks at every company's numbers must not meet this one.
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE instances SET deleted_at = now() WHERE id = :i"), {"i": made["instance"]})


def rotate(company):
    tally = rotation.Tally()
    with acting(company.actor()):
        rotation.rotate_all(tally)
    return tally


def read(company, sealed):
    with acting(company.actor()), transaction() as session:
        values = {"i": sealed["instance"], "w": sealed["hook"], "u": company.users["admin"]}
        row = session.execute(text(
            "SELECT i.credentials, i.webhook_secret, w.secret, u.totp_secret FROM instances i, webhooks w, users u"
            " WHERE i.id = :i AND w.id = :w AND u.id = :u"), values).one()  # fmt: skip
    return [crypto.unseal(blob) for blob in row]


def test_afterwards_the_new_key_alone_opens_everything(company, sealed):
    before = read(company, sealed)
    crypto.configure([NEW, OLD], "s")
    assert read(company, sealed) == before
    tally = rotate(company)
    assert (tally.renewed, tally.already, tally.unreadable) == (4, 0, 0)
    crypto.configure([NEW], "another")
    assert read(company, sealed) == before
    assert before[2] == sealed["secret"]


def test_interrupted_it_goes_on(company, sealed, monkeypatch):
    crypto.configure([NEW, OLD], "s")
    done, replace = [], rotation._replace

    def fail_at_the_third(*args):
        if len(done) == 2:
            raise RuntimeError("killed")
        done.append(args)
        return replace(*args)

    monkeypatch.setattr(rotation, "_replace", fail_at_the_third)
    with pytest.raises(RuntimeError):
        rotate(company)
    monkeypatch.undo()
    tally = rotate(company)
    assert (tally.renewed, tally.already) == (2, 2)
    assert (rotate(company).renewed, rotate(company).already) == (0, 4)


def test_what_no_key_opens_is_counted_and_left_alone(company, sealed):
    crypto.configure([NEW], "another")
    tally = rotate(company)
    assert (tally.renewed, tally.unreadable) == (0, 4)
    crypto.configure([OLD], "s")
    assert read(company, sealed)[3] == "totp"


def test_the_first_key_can_be_set_at_any_time(company):
    """What was sealed before there were keys was sealed by one derived from SECRET_KEY."""
    crypto.configure([], "s")
    blob = crypto.seal("x")
    crypto.configure([NEW], "s")
    assert crypto.unseal(blob) == "x"


def test_the_command(app, company, sealed):
    crypto.configure([NEW, OLD], "s")
    with app.app_context():
        made = CliRunner().invoke(rotate_key, ["--generate"])
        assert Fernet(made.output.strip())
        first, again = (CliRunner().invoke(rotate_key) for _ in range(2))
    assert "renewed" in first.output
    assert "renewed 0" in again.output


def test_no_sealed_column_is_forgotten(owner_engine, company, sealed):
    """Every bytea column either holds hashes or bodies, or is in the list."""
    with owner_engine.connect() as connection:
        found = connection.execute(text(
            "SELECT table_name, column_name FROM information_schema.columns c JOIN pg_class t"
            " ON t.oid = c.table_name::regclass WHERE table_schema = 'public' AND data_type = 'bytea'"
            " AND t.relkind IN ('r', 'p') AND NOT t.relispartition"))  # fmt: skip
        columns = {tuple(row) for row in found}
    others = {pair for pair in columns if pair[1].endswith("_hash")} | {("inbound_events", "body")}
    assert columns - others == set(rotation.SEALED)
