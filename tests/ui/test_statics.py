import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.ui import assets, statics
from app.ui.icons import ICONS, UnknownIcon, icon_markup
from app.ui.markup import icon
from tests.ui.conftest import make_site

LOCK = Path("package-lock.json")


def test_assets_name_their_content_and_keep_for_ever(client: FlaskClient):
    with client.application.test_request_context("/"):
        url = statics.asset("css/app.css")
    answer = client.get(url)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_another_builds_address_answers_but_is_not_kept(client: FlaskClient):
    answer = client.get("/assets/0000000000000000/css/app.css")
    assert answer.status_code == 200
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_nothing_outside_the_folder(client: FlaskClient):
    assert client.get("/assets/x/../../__init__.py").status_code == 404
    assert client.get("/assets/x/%2e%2e/icons.txt").status_code == 404


def test_the_build_changes_with_any_file(tmp_path: Path):
    (tmp_path / "a.css").write_text("a")
    first = statics._hash(tmp_path)
    (tmp_path / "a.css").write_text("b")
    assert statics._hash(tmp_path) != first


def test_copying_is_idempotent_and_names_every_file(tmp_path: Path):
    modules = assets.ROOT / "node_modules"
    assert assets.build(modules, tmp_path / "vendor") is True
    assert assets.build(modules, tmp_path / "vendor") is False
    files = json.loads((tmp_path / "vendor/manifest.json").read_text())["files"]
    assert {*assets.COPIES, "tabler.css", "icons.svg"} == set(files)
    assert re.findall(r'<symbol id="([^"]+)"', (tmp_path / "vendor/icons.svg").read_text()) == sorted(ICONS)


def test_a_half_copied_folder_is_copied_again(tmp_path: Path):
    modules = assets.ROOT / "node_modules"
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor/manifest.json").write_text("{")
    assert assets.build(modules, tmp_path / "vendor") is True


def test_missing_modules_are_one_clear_line(tmp_path: Path):
    with pytest.raises(assets.AssetsError, match="npm ci"):
        assets.build(tmp_path, tmp_path / "vendor")


def test_an_unknown_icon_is_refused():
    with pytest.raises(UnknownIcon):
        icon_markup("/x.svg", "no-such-icon")


def test_a_customer_never_sees_a_crash_for_an_icon():
    site = make_site(testing=False)
    with site.test_request_context("/"):
        assert "#circle" in icon("no-such-icon")


def test_the_lock_file_names_no_registry_and_pins_what_the_package_asks():
    lock, package = json.loads(LOCK.read_text()), json.loads(Path("package.json").read_text())
    assert "resolved" not in LOCK.read_text()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["dependencies"].values())
    for name, version in package["dependencies"].items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
