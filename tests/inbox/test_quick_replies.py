"""Ready answers: their words, their file, their category, and whose they are."""

import io
import uuid

import pytest

from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Invalid, NotFound
from app.inbox import queries, service
from app.inbox.models import Ticket
from app.media.service import store_upload, take_recording
from tests.inbox.customers import said
from tests.media.samples import picture
from tests.media.test_recordings import recorded

PATH = "/settings/quick-replies"


@pytest.fixture
def photo(act) -> str:
    with act("manager"):
        return str(store_upload(io.BytesIO(picture()), "cardápio.png").id)


def saved(one, shortcut: str):
    return one("SELECT * FROM quick_replies WHERE shortcut = :shortcut", shortcut=shortcut)


def test_the_page_saves_words_file_and_category(client_for, photo, one, company):
    boss = client_for("manager")
    fields = {"shortcut": "/Menu", "content": "Segue, {nome}", "category": " Vendas ", "media_id": photo}
    assert boss.submit(f"{PATH}/new", fields).status_code == 303
    row = saved(one, "menu")
    assert (row["content"], row["category"], str(row["media_id"])) == ("Segue, {nome}", "Vendas", photo)
    assert row["user_id"] is None
    shown = boss.page(PATH).select_one("tbody tr").get_text()
    assert "cardápio.png" in shown
    assert "Vendas" in shown
    form = boss.page(f"{PATH}/{row['id']}")
    assert form.select_one("[name=media_id]")["value"] == photo
    assert boss.submit(f"{PATH}/{row['id']}", {**fields, "media_id": "", "category": ""}).status_code == 303
    row = saved(one, "menu")
    assert (row["media_id"], row["category"]) == (None, "")


def test_what_is_refused_stays_in_the_form_beside_its_reason(client_for):
    boss = client_for("manager")
    boss.submit(f"{PATH}/new", {"shortcut": "pix", "content": "Chave"})
    for fields, status, words in (
        ({"shortcut": "com espaço", "content": "O texto que escrevi"}, 422, "Use de 1 a 40 letras"),
        ({"shortcut": "pix", "content": "O texto que escrevi"}, 409, "Este atalho já existe"),
        ({"shortcut": "x", "content": "O texto que escrevi", "category": "c" * 61}, 422, "Use até 60 letras"),
    ):
        answer = boss.submit(f"{PATH}/new", fields)
        assert answer.status_code == status
        assert words in answer.text
        assert "O texto que escrevi" in answer.text


def test_a_file_stands_for_the_words_but_something_must_be_said(act, photo):
    with act("manager"):
        reply = service.create_quick_reply("menu", "", media_id=uuid.UUID(photo))
        with pytest.raises(Invalid):
            service.update_quick_reply(reply.id, media_id=None)
        with pytest.raises(Invalid):
            service.create_quick_reply("vazio", " ")


def test_only_a_file_that_one_may_see_goes_behind_a_shortcut(company, act, photo, ticket, outsider):
    """Behind a shortcut a file is shown to others: nobody opens a colleague's conversation that way."""
    with acting(company.system), transaction() as session:
        talk = session.get(Ticket, ticket())
        talk.user_id, talk.status = company.users["manager"], "open"
        session.add(said(talk, "", type="image", media_id=uuid.UUID(photo)))
    with acting(outsider.actor("manager")):
        foreign = store_upload(io.BytesIO(picture()), "a.png").id
    with act("agent"):
        raw = take_recording(io.BytesIO(recorded()), "voz.webm").id
        for media_id, refusal in ((photo, NotFound), (foreign, NotFound), (uuid.uuid4(), NotFound), (raw, Invalid)):
            with pytest.raises(refusal):
                service.create_quick_reply("oi", "Oi", is_own=True, media_id=uuid.UUID(str(media_id)))


def test_an_attendant_changes_only_their_own(client_for, act, one):
    with act("manager"):
        shared = service.create_quick_reply("pix", "Chave").id
    agent = client_for("agent")
    assert agent.get(f"{PATH}/{shared}").status_code == 403
    assert agent.submit(f"{PATH}/new", {"shortcut": "oi", "content": "Oi", "is_own": "y"}).status_code == 303
    own = saved(one, "oi")
    assert own["user_id"] is not None
    assert agent.submit(f"{PATH}/{own['id']}", {"shortcut": "oi", "content": "Olá"}).status_code == 303
    assert client_for("manager").get(f"{PATH}/{own['id']}").status_code == 404


def test_categories_narrow_the_list(act):
    with act("manager"):
        service.create_quick_reply("pix", "Chave", category="Pagamento")
        service.create_quick_reply("rua", "Rua A", category="Loja")
        assert list(queries.list_reply_categories()) == ["Loja", "Pagamento"]
        assert [reply.shortcut for reply in queries.list_quick_replies(category="Loja")] == ["rua"]


def test_the_api_carries_file_and_category(api_client, photo):
    boss = api_client("manager")
    fields = {"shortcut": "menu", "content": "", "category": "Vendas", "media_id": photo}
    made = boss.post("/quick-replies", json=fields)
    assert made.status_code == 201
    path = f"/quick-replies/{made.json['id']}"
    assert {name: boss.get(path).json[name] for name in fields} == fields
    assert boss.patch(path, json={"media_id": None}).status_code == 422
    assert boss.patch(path, json={"media_id": None, "content": "Oi"}).json["media_id"] is None
    assert boss.patch(path, json={"category": "c" * 61}).status_code == 422
    assert boss.patch(path, json={"media_id": str(uuid.uuid4())}).status_code == 404
