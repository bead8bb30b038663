"""A backup, and the way back from it, on real databases."""

import json
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from app.runtime.backups import making, origin
from app.runtime.backups.shelf import Shelf, new_name
from app.runtime.failure import Failure
from app.runtime.settings import Settings
from tests.runtime.backups.conftest import PHOTO, Machine


def failure(machine: Machine, *words: str) -> str:
    told = machine.recado(*words).exception
    assert isinstance(told, Failure), told
    return str(told)


@pytest.fixture
def archive(shop: Machine, tmp_path: Path) -> Path:
    """The one backup that there is."""
    told = shop.recado("backup")
    assert told.exit_code == 0, told.exception
    (found,) = (tmp_path / "backups").glob("*.recado")
    return found


@pytest.fixture
def empty(shop: Machine, machine: Callable[..., Machine]) -> Machine:
    """A new machine, with keys of its own; only BACKUP_KEY was carried over."""
    return machine("new", BACKUP_KEY=shop.settings.env["BACKUP_KEY"])


def test_an_empty_machine_wakes_with_everything_and_sends_nothing(archive: Path, shop: Machine, empty: Machine):
    told = empty.recado("restore")
    assert told.exit_code == 0, told.exception
    assert "2 envios retidos (held)" in told.output
    assert empty.ask("SELECT name FROM tenants WHERE safe_mode") == ["Padaria"]
    assert empty.ask("SELECT status FROM messages ORDER BY id") == ["held", "unconfirmed", "sent"]
    assert empty.ask("SELECT held FROM outbox") == ["restored", "restored"]
    assert (empty.data / "media/t1/2026/11/photo").read_bytes() == PHOTO
    assert (empty.data / "files/imports/1/sheet").read_bytes() == b"nome,telefone\n"
    kept = (empty.data / "secrets.env").read_text()
    assert f"ENCRYPTION_KEYS={shop.settings.env['ENCRYPTION_KEYS']}" in kept
    assert kept.count("SECRET_KEY=") == 1


def test_nothing_of_it_is_readable_without_the_key(archive: Path, shop: Machine, tmp_path: Path):
    everything = b"".join(path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file())
    for secret in (b"Padaria", b"nome,telefone", PHOTO[:64], shop.settings.env["SECRET_KEY"].encode()):
        assert secret not in everything
    assert not any("photo" in path.name for path in (tmp_path / "backups").rglob("*"))


def test_files_are_kept_once(archive: Path, shop: Machine, tmp_path: Path):
    (shop.data / "media/t1/2026/11/other").write_bytes(b"another")
    told = shop.recado("backup")
    assert "1 arquivos novos" in told.output
    assert len([p for p in (tmp_path / "backups" / "objects").rglob("*") if p.is_file()]) == 3


def test_a_wrong_key_and_a_cut_file_are_refused_before_anything_is_touched(
    archive: Path, machine: Callable[..., Machine], empty: Machine
):
    stranger = machine("stranger")
    assert "wrong key" in failure(stranger, "restore")
    archive.write_bytes(archive.read_bytes()[:-2000])
    assert "truncated" in failure(empty, "restore")
    assert "truncated" in failure(empty, "restore-drill")
    for one in (stranger, empty):
        assert one.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [0]
    assert json.loads((empty.data / "backups.json").read_text())["drill"]["ok"] is False


def test_a_database_that_holds_something_is_not_written_over(archive: Path, shop: Machine):
    assert "not empty" in failure(shop, "restore")
    assert shop.ask("SELECT safe_mode FROM tenants") == [False]


def test_an_installation_that_nobody_used_yet_gives_way(archive: Path, shop: Machine, machine: Callable[..., Machine]):
    """As the installer leaves it: tables, and perhaps a first admin."""
    new = machine("new", migrated=True, BACKUP_KEY=shop.settings.env["BACKUP_KEY"])
    new.tell("INSERT INTO tenants (id, name, slug) VALUES (gen_random_uuid(), 'Minha empresa', 'minha')")
    told = new.recado("restore")
    assert told.exit_code == 0, told.exception
    assert new.ask("SELECT name FROM tenants") == ["Padaria"]
    with closing(psycopg2.connect(new.settings.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts")  # the application may still read, and sees nobody's rows
        assert cursor.fetchone() == (0,)


def test_the_drill_compares_every_row_and_touches_nothing(archive: Path, shop: Machine):
    told = shop.recado("restore-drill")
    assert told.exit_code == 0, told.exception
    drill = json.loads((shop.data / "backups.json").read_text())["drill"]
    assert (drill["ok"], drill["files"]) == (True, 2)
    assert shop.ask("SELECT safe_mode FROM tenants") == [False]
    assert list((shop.data / "tmp").iterdir()) == []


def test_the_drill_sees_a_file_that_is_gone_and_keys_that_open_nothing(archive: Path, shop: Machine, tmp_path: Path):
    next(path for path in (tmp_path / "backups" / "objects").rglob("*") if path.is_file()).unlink()
    assert "files are missing" in failure(shop, "restore-drill")
    shop.tell("UPDATE instances SET credentials = 'other keys closed this'")
    archive.unlink()
    assert shop.recado("backup").exit_code == 0
    assert "keys don't match" in failure(shop, "restore-drill")


def test_retention_removes_old_backups_and_what_only_they_held(archive: Path, shop: Machine, tmp_path: Path):
    (shop.data / "files/imports/1/sheet").unlink()
    with origin.opened(shop.settings) as ours:
        shelf = Shelf(ours.place(), ours.key, ours.scratch)
        old = new_name(datetime.now(UTC) - timedelta(days=200))
        for kind in (".recado", ".list"):
            archive.with_suffix(kind).rename(archive.with_name(old).with_suffix(kind))
        making.make(ours)
        assert old in shelf.backups().values()  # there are few: it stays
        (name,) = [one for one in shelf.backups().values() if one != old]
        for hours in range(1, 24 * 40):
            copy = new_name(datetime.now(UTC) - timedelta(hours=hours))
            for kind in (".recado", ".list"):
                target = (archive.parent / copy).with_suffix(kind)
                target.hardlink_to((archive.parent / name).with_suffix(kind))
        making.make(ours)
        assert len(shelf.backups()) <= 24 + 7 + 4
        assert old not in shelf.backups().values()
        assert len(shelf.objects()) == 1  # the photo; the sheet was only in the old one


def test_evolutions_own_database_goes_along(shop: Machine, machine: Callable[..., Machine], tmp_path: Path):
    gateway, other = machine("gateway"), machine("gateway2")
    gateway.tell('CREATE TABLE "Session" (id int); INSERT INTO "Session" VALUES (7)')
    beside = Machine(_with(shop, EVOLUTION_DATABASE_URL=gateway.owner_url), shop.owner_url)
    assert beside.recado("backup").exit_code == 0
    new = machine("new", BACKUP_KEY=shop.settings.env["BACKUP_KEY"], EVOLUTION_DATABASE_URL=other.owner_url)
    assert new.recado("restore").exit_code == 0
    assert other.ask('SELECT id FROM "Session"') == [7]


def _with(machine: Machine, **more: str) -> Settings:
    return replace(machine.settings, env={**machine.settings.env, **more})


def test_to_a_folder_and_a_bucket_at_once(
    shop: Machine, machine: Callable[..., Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        bucket = f"copias-{uuid.uuid4().hex}"
        for name, value in {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "us-east-1",
                            "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=bucket)
        url = f"s3://{bucket}/recado"
        both = Machine(_with(shop, BACKUP_URL=f"file:{tmp_path}/backups, {url}"), shop.owner_url)
        assert both.recado("backup").exit_code == 0
        new = machine("new", BACKUP_KEY=shop.settings.env["BACKUP_KEY"])
        told = new.recado("restore", "--from", url)
        assert told.exit_code == 0, told.exception
        assert (new.data / "media/t1/2026/11/photo").read_bytes() == PHOTO
    finally:
        server.stop()
