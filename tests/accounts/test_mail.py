"""Letters on their way: over SMTP for real, tried again, never twice as two, and silent about what they say."""

import logging
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from rq import Queue
from sqlalchemy import text

from app.accounts.jobs import deliver, sweep
from app.accounts.service import invitations, letters, mail
from app.core import background, clock, mailing
from app.core.context import acting
from app.core.db import transaction
from app.core.letters import Words
from app.core.mailing import Letter, MailError, compose

WORDS = Words("Olá, Zé", ["Um parágrafo com <b>marcas</b>."], ("Abrir", "http://127.0.0.1:5000/reset/segredo-123"))


class _Session(socketserver.StreamRequestHandler):
    """Enough of SMTP to take a letter."""

    def handle(self) -> None:
        self._say("220 fake")
        while line := self.rfile.readline():
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                self._say("250-fake\r\n250 AUTH PLAIN")
            elif word.startswith(b"AUTH"):
                self.server.passwords.append(line)
                self._say("235 ok")
            elif word.startswith(b"RCPT"):
                self._say(self.server.answer)
            elif word == b"DATA":
                self._take()
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self._say("250 taken")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def smtp(configured) -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.letters, server.passwords, server.answer = [], [], "250 ok"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"smtp://ana:s%40nha@127.0.0.1:{server.server_address[1]}"
        configured(smtp_url=url, mail_from="Recado da Padaria <recado@exemplo.com.br>")
        yield server
        server.shutdown()


def post(company, to="ze@exemplo.com.br"):
    with acting(company.actor()), transaction():
        mail.post(to, WORDS, "pt_BR")
    with acting(company.actor()):
        return mail.list_due()[0]


def row_of(company):
    with acting(company.actor()), transaction() as session:
        return session.execute(text("SELECT status, attempts, error, payload, due_at FROM mails")).one()


def test_a_letter_arrives_as_text_and_html(company, smtp):
    deliver(str(company.tenant_id), str(post(company)))
    letter = smtp.letters[0]
    assert letter["To"] == "ze@exemplo.com.br"
    assert letter["From"] == "Recado da Padaria <recado@exemplo.com.br>"
    assert letter["Subject"] == "Olá, Zé"
    plain, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Um parágrafo com <b>marcas</b>." in plain
    assert "&lt;b&gt;marcas" in html
    assert "reset/segredo-123" in plain
    assert row_of(company).status == "sent"
    assert row_of(company).payload is None


def test_delivering_twice_sends_once(company, smtp):
    mail_id = post(company)
    deliver(str(company.tenant_id), str(mail_id))
    deliver(str(company.tenant_id), str(mail_id))
    assert len(smtp.letters) == 1


def test_a_server_that_is_away_is_tried_again(company, smtp):
    smtp.answer = "451 mailbox busy"
    deliver(str(company.tenant_id), str(post(company)))
    row = row_of(company)
    assert (row.status, row.attempts, row.error) == ("queued", 1, "451 mailbox busy")
    smtp.answer = "250 ok"
    with clock.frozen(clock.now() + timedelta(minutes=2)), acting(company.actor()):
        (again,) = mail.list_due()
        deliver(str(company.tenant_id), str(again))
    assert len(smtp.letters) == 1


def test_a_refused_recipient_is_final(company, smtp):
    smtp.answer = "550 no such user"
    deliver(str(company.tenant_id), str(post(company)))
    assert (row_of(company).status, row_of(company).payload) == ("failed", None)


def test_after_a_day_of_failures_it_gives_up(company, configured):
    configured(smtp_url="smtp://127.0.0.1:1")
    mail_id, at = post(company), clock.now()
    for _ in range(len(mail.RETRY_MINUTES) + 1):
        at += timedelta(days=1)
        with clock.frozen(at):
            deliver(str(company.tenant_id), str(mail_id))
    assert (row_of(company).status, row_of(company).attempts) == ("failed", len(mail.RETRY_MINUTES) + 1)


def test_a_worker_killed_in_mid_letter_is_followed_by_another(company, smtp):
    mail_id = post(company)
    with acting(company.actor()):
        assert mail.claim(mail_id) is not None
        assert mail.claim(mail_id) is None
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        deliver(str(company.tenant_id), str(mail_id))
    assert len(smtp.letters) == 1


def test_the_sweep_wakes_what_redis_forgot(company, smtp, app):
    post(company)
    queue = mailing_queue(app)
    before = queue.count
    sweep()
    assert queue.count > before


def mailing_queue(app):
    return Queue("default", connection=background.redis())


def test_neither_words_nor_passwords_reach_the_log(company, smtp, caplog, capsys):
    smtp.answer = "451 later"
    with caplog.at_level(logging.DEBUG):
        deliver(str(company.tenant_id), str(post(company)))
    said = caplog.text + "".join(capsys.readouterr())
    assert "segredo-123" not in said
    assert "s@nha" not in said
    assert "ze@exemplo.com.br" not in said


@pytest.mark.parametrize(
    "subject", ["Oi\r\nBcc: todos@exemplo.com.br", "Oi\nBcc: x@y.com", "Oi\x00\x0bX", "Oi\u2028Bcc: x@y.com"]
)
def test_a_subject_can_not_add_a_header(subject):
    message = compose(Letter("ze@exemplo.com.br", subject, "x", "x"), "Recado <r@exemplo.com.br>")
    assert message["Bcc"] is None
    assert len(bytes(message).split(b"\n\n")[0].split(b"\nSubject")) == 2


@pytest.mark.parametrize("to", ["a@b.com\r\nBcc: c@d.com", "a@b.com, c@d.com", "", "a b@c.com", "<a@b.com>\n"])
def test_an_address_is_one_address(to):
    with pytest.raises(MailError):
        compose(Letter(to, "Oi", "x", "x"), "r@exemplo.com.br")


def test_a_name_can_not_add_a_header_either():
    message = compose(Letter("a@b.com", "Oi", "x", "x"), "Zé\r\nBcc: x@y.com <r@exemplo.com.br>")
    assert message["Bcc"] is None


def test_a_password_does_not_travel_in_the_clear():
    class Server:
        sock = None

        def login(self, *_credentials):
            raise AssertionError("sent")

    with pytest.raises(MailError, match="TLS"):
        mailing._sign_in(Server(), "mail.exemplo.com.br", "ana", "segredo")


def test_each_reads_their_own_language(company, mailbox):
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE users SET role = 'admin', locale = 'en' WHERE role = 'manager'"))
        session.expire_all()
        mail.post_to_admins(letters.many_tries)
    subjects = {row["subject"] for row in mailbox.collect()}
    assert subjects == {
        "Alguém está tentando entrar na sua conta do Recado",
        "Somebody is trying to get into your Recado account",
    }


class TestTrialOutbox:
    def test_letters_show_on_this_machine(self, client, company, mailbox):
        post(company)
        mailbox.collect()
        page = client.page("/dev/mails")
        assert page.select_one("ul.letters a").get_text() == "Olá, Zé"
        path = page.select_one("ul.letters a")["href"]
        assert client.page(path).select_one("iframe[sandbox]")
        body = client.get(path + "/body")
        assert "sandbox" in body.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "asked",
        [
            {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}},
            {"headers": {"X-Forwarded-For": "203.0.113.7"}},
            {"headers": {"Host": "recado.exemplo.com.br"}},
            {"headers": {"Forwarded": "for=1.2.3.4"}},
        ],
    )
    def test_nobody_beyond_it_finds_them(self, client, mailbox, asked):
        assert client.get("/dev/mails").status_code == 200
        assert client.get("/dev/mails", **asked).status_code == 404

    @pytest.mark.parametrize(
        "settings",
        [{"embedded": False}, {"smtp_url": "smtp://mail"}, {"public_url": "https://recado.exemplo.com.br"}],
    )
    def test_real_installations_have_no_such_page(self, client, mailbox, configured, settings):
        configured(**settings)
        assert client.get("/dev/mails").status_code == 404

    def test_a_hundred_are_kept(self, tmp_path):
        for n in range(105):
            mailing.keep(Letter("a@b.com", str(n), "x", "x"), tmp_path / "m")
        assert [row["subject"] for row in mailing.kept(tmp_path / "m")][:2] == ["104", "103"]
        assert len(list((tmp_path / "m").iterdir())) == mailing.MOST_KEPT


def test_the_people_page_says_that_an_invitation_was_refused_and_offers_another(client_for, company, smtp, unique):
    email = f"{unique('bia')}@exemplo.com.br"
    with acting(company.actor()):
        user_id = invitations.invite(email, "Bia", "agent").user.id
    assert "Convidada" in row_on_page(client_for, user_id)
    smtp.answer = "550 no such user"
    send_all(company)
    row = row_on_page(client_for, user_id)
    assert "Convite não chegou" in row
    assert "550 no such user" in row
    smtp.answer = "250 ok"
    client_for("admin").submit(f"/settings/users/{user_id}/invite")
    send_all(company)
    assert "Convite não chegou" not in row_on_page(client_for, user_id)
    assert smtp.letters[-1]["To"] == email


def test_the_people_page_says_that_an_invitation_waits_or_ended(client_for, company, smtp, owner_engine, unique):
    smtp.answer = "451 later"
    with acting(company.actor()):
        user_id = invitations.invite(f"{unique('bia')}@exemplo.com.br", "Bia", "agent").user.id
    send_all(company)
    assert "Enviando o convite" in row_on_page(client_for, user_id)
    with owner_engine.begin() as connection:
        connection.execute(text("UPDATE one_time_links SET expires_at = now() WHERE user_id = :id"), {"id": user_id})
    assert "Convite venceu" in row_on_page(client_for, user_id)


def send_all(company):
    with acting(company.actor()):
        due = mail.list_due()
    for mail_id in due:
        deliver(str(company.tenant_id), str(mail_id))


def row_on_page(client_for, user_id):
    page = client_for("admin").get("/settings/users").get_data(as_text=True)
    rows = [row for row in page.split("<tr>") if f"/settings/users/{user_id}" in row]
    return rows[0]
