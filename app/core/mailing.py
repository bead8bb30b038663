"""Letters on their way out: SMTP, or a folder of this machine where a trial installation shows them.

Workers only: a mail server may take its time. Nothing of a letter's content is logged; links in it open accounts.
"""

import json
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.config import Config
from app.core import clock, ids

TIMEOUT = 20.0
MOST_KEPT = 100
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class MailError(Exception):
    """`permanent`: trying again cannot help. The message holds the server's words, never ours."""

    def __init__(self, message: str, *, permanent: bool = False):
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str
    html: str


_config: Config | None = None


def configure(config: Config) -> None:
    global _config
    _config = config


def link(path: str) -> str:
    """The address of a page, for people who read it elsewhere."""
    return _settings().public_url + path


def is_possible() -> bool:
    """Whether letters reach anybody; otherwise links have to be handed over by hand."""
    return bool(_settings().smtp_url)


def folder() -> Path | None:
    """Where letters are kept instead of sent: on a trial installation without a mail server."""
    config = _settings()
    return config.data_dir / "mails" if config.embedded and not config.smtp_url else None


def deliver(letter: Letter) -> None:
    """Raises MailError."""
    config, here = _settings(), folder()
    if here is not None:
        keep(letter, here)
    elif config.smtp_url:
        send(letter, config.smtp_url, config.mail_from)
    else:
        raise MailError("SMTP_URL não está configurada")


def _settings() -> Config:
    if _config is None:
        raise RuntimeError("mailing.configure() was not called")
    return _config


def one_line(words: str, most: int = 200) -> str:
    """Fit for a header: whatever could begin another one becomes a space."""
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())[:most]


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Raises MailError for an address that is none: the library refuses headers within headers."""
    name, address = parseaddr(sender)
    message = EmailMessage()
    try:
        message["From"] = Address(one_line(name) or "Recado", addr_spec=address or "recado@localhost")
        message["To"] = Address(addr_spec=letter.to)
    except (ValueError, IndexError) as error:
        raise MailError("endereço inválido", permanent=True) from error
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=(address or "recado@localhost").partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def send(letter: Letter, smtp_url: str, sender: str) -> None:
    """Raises MailError."""
    message, parts = compose(letter, sender), urlsplit(smtp_url)
    try:
        with _connect(parts.scheme, parts.hostname or "localhost", parts.port) as server:
            _sign_in(server, parts.hostname or "", unquote(parts.username or ""), unquote(parts.password or ""))
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise MailError(_said(error.smtp_code, error.smtp_error), permanent=_is_final(error)) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise MailError(_said(code, words), permanent=code >= 500) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailError(one_line(f"{type(error).__name__}: {error}")) from error


def _said(code: int, words: bytes | str) -> str:
    return one_line(f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}")


def _is_final(error: smtplib.SMTPResponseException) -> bool:
    """A wrong password is the operator's to mend: the letter waits for that."""
    return error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _sign_in(server: smtplib.SMTP, host: str, user: str, password: str) -> None:
    """A password never travels in the clear, except within this machine."""
    if not user:
        return
    if not isinstance(server.sock, ssl.SSLSocket) and host not in _LOOPBACK:
        raise MailError("o servidor de e-mail não oferece TLS e por isso a senha não foi enviada")
    server.login(user, password)


def keep(letter: Letter, folder: Path) -> None:
    """For trials: the newest hundred stay as files that only this machine's pages show."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    row = {"to": letter.to, "subject": one_line(letter.subject), "text": letter.text, "html": letter.html}
    row["at"] = clock.now().isoformat()
    fresh = folder / f".{ids.new_id().hex}"
    fresh.write_text(json.dumps(row))
    fresh.chmod(0o600)
    fresh.rename(folder / f"{fresh.name[1:]}.json")
    for old in sorted(folder.glob("*.json"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def kept(folder: Path) -> list[dict[str, str]]:
    """Newest first, each with its `id`."""
    files = sorted(folder.glob("*.json"), reverse=True)[:MOST_KEPT] if folder.is_dir() else []
    return [{"id": file.stem, **json.loads(file.read_text())} for file in files]


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        return host in _LOOPBACK or (host.startswith("127.") and bool(socket.inet_aton(host)))
    except OSError:
        return False
