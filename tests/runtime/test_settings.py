import pytest
from cryptography.fernet import Fernet

from app.runtime import settings
from app.runtime.failure import Failure


def test_secrets_are_made_once_and_kept_closed(tmp_path) -> None:
    first = settings.load({"RECADO_DATA": str(tmp_path)})
    second = settings.load({"RECADO_DATA": str(tmp_path)})
    file = tmp_path / "secrets.env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(first.env["SECRET_KEY"]) >= 48
    assert {"SECRET_KEY", "ENCRYPTION_KEYS", "SIMULATOR_KEY"} <= first.env.keys()
    assert first.env == second.env


def test_given_secret_wins_and_is_not_written(tmp_path) -> None:
    loaded = settings.load({"RECADO_DATA": str(tmp_path), "SECRET_KEY": "from-the-environment"})
    assert loaded.env["SECRET_KEY"] == "from-the-environment"
    assert "from-the-environment" not in (tmp_path / "secrets.env").read_text()


def test_generated_encryption_key_encrypts(tmp_path) -> None:
    key = settings.load({"RECADO_DATA": str(tmp_path)}).env["ENCRYPTION_KEYS"]
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"


def test_data_folder_is_made_and_closed(tmp_path) -> None:
    loaded = settings.load({"RECADO_DATA": str(tmp_path / "a" / "b")})
    assert loaded.data.is_dir()
    assert loaded.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("port", ["0", "65536", "abc", "-1", "80.5"])
def test_impossible_port_is_refused(tmp_path, port: str) -> None:
    with pytest.raises(Failure, match="PORT"):
        settings.load({"RECADO_DATA": str(tmp_path), "PORT": port})


def test_unusable_data_folder_is_one_line(tmp_path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Failure, match="RECADO_DATA"):
        settings.load({"RECADO_DATA": str(file / "inside")})


@pytest.mark.parametrize(
    ("host", "address"),
    [("", "http://127.0.0.1:5000"), ("0.0.0.0", "http://127.0.0.1:5000"), ("::1", "http://[::1]:5000")],
)
def test_address_is_one_that_a_browser_can_open(tmp_path, host: str, address: str) -> None:
    assert settings.load({"RECADO_DATA": str(tmp_path), "HOST": host}).address == address
