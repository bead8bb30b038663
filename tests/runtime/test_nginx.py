"""nginx.conf says what the application and the units say, and nginx itself accepts it."""

import re
import subprocess
from pathlib import Path

from app.media.service import LARGEST, photos
from app.ui import publish, statics
from app.webhooks import evolution
from tests import behind_nginx
from tests.servers import ROOT

TEXT = (ROOT / "nginx.conf").read_text()


def location(beginning: str) -> str:
    found = re.search(rf"location {re.escape(beginning)}.*?\{{(.*?)\n        \}}", TEXT, re.S)
    assert found, beginning
    return found.group(1)


def body_limit(block: str) -> int:
    found = re.search(r"client_max_body_size (\d+)m;", block)
    assert found, block
    return int(found.group(1)) * 1024 * 1024


def test_nginx_accepts_it(tmp_path: Path) -> None:
    binary = behind_nginx.binary()
    behind_nginx.certificate(tmp_path)
    rendered = behind_nginx.render(tmp_path, [5001, 5002, 5003], 18080, 18443)
    told = subprocess.run([binary, "-t", "-p", tmp_path, "-c", rendered], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "[warn]" not in told.stderr


def test_large_bodies_pass_where_the_application_takes_them_and_nowhere_else() -> None:
    assert body_limit(location("/webhooks/")) == evolution.MAX_BODY
    assert body_limit(location("~ ^/(api/v1/)?media$")) == LARGEST + 1024 * 1024
    limits = [int(one) for one in re.findall(r"client_max_body_size (\d+)m;", TEXT)]
    assert body_limit(location("= /settings/profile/photo")) == photos.LARGEST + 1024 * 1024
    assert sorted(limits) == [1, 3, 6, 64, 101, 140]


def test_addresses_that_open_an_account_are_written_down_nowhere() -> None:
    block = location("~ ^/(reset|invite|register)(/|$)")
    assert "access_log off;" in block
    assert "limit_req zone=sign_in" in block


def test_ports_are_those_of_the_web_units() -> None:
    ports = re.findall(r"server 127\.0\.0\.1:(\d+) ", TEXT)
    target = (ROOT / "systemd" / "recado.target").read_text()
    assert ports == re.findall(r"recado-web@(\d+)\.service", target)


def test_a_build_is_published_once_compressed_and_the_last_few_stay(ctx, tmp_path: Path) -> None:
    for old in ("a", "b", "c", "d"):
        (tmp_path / old).mkdir()
    folder = publish.publish(tmp_path)
    assert folder.name == statics.build_id()
    assert publish.publish(tmp_path) == folder
    assert (folder / "css" / "tokens.css.gz").stat().st_size < (folder / "css" / "tokens.css").stat().st_size
    assert (folder / "css" / "tokens.css").stat().st_mode & 0o777 == 0o644
    assert len(list(tmp_path.iterdir())) == publish.KEPT_BUILDS
