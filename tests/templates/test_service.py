import io
import uuid

import pytest
from sqlalchemy import text

from app.accounts.service.companies import create_company
from app.campaigns.models import Campaign
from app.core.context import acting, system
from app.core.db import transaction
from app.core.errors import Forbidden, Invalid, NotFound
from app.media.service import store_upload
from app.templates import queries, service
from app.templates.rules import MAX_LENGTH

READY = ["Boas-vindas", "Confirmação", "Promoção"]


def names() -> list[str]:
    return [template.name for template in queries.list_templates().items]


def test_a_new_company_starts_with_three_ready_ones(app, ctx, unique):
    tenant_id = create_company(
        "Oficina", admin_email=f"{unique()}@exemplo.com.br", admin_password="uma-senha-comprida-9"
    )
    with acting(system(tenant_id)):
        assert names() == READY
        for template in queries.list_templates().items:
            assert template.variables
            assert all(variable["default"] for variable in template.variables)


def test_making_the_ready_ones_twice_changes_nothing(as_admin):
    service.make_ready_templates()
    first = queries.list_templates(search="Boas-vindas").items[0]
    service.update_template(first.id, content="Oi, {nome}!")
    service.make_ready_templates()
    assert names() == READY
    assert queries.get_template(first.id).content == "Oi, {nome}!"


def test_variables_are_read_from_the_text(as_admin):
    made = service.create_template("Aviso", "Oi {Nome|cliente}, {nome} deve {valor}. {{fim}}")
    assert made.variables == [{"name": "Nome", "default": "cliente"}, {"name": "valor", "default": None}]
    changed = service.update_template(made.id, content="Oi!")
    assert (changed.variables, changed.name) == ([], "Aviso")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"content": " \n "}, "content"),
        ({"content": "x" * (MAX_LENGTH + 1)}, "content"),
        ({"category": "spam"}, "category"),
        ({"language": "portuguese"}, "language"),
    ],
)
def test_wrong_fields_are_named(as_admin, fields, field):
    with pytest.raises(Invalid) as caught:
        service.create_template(**{"name": "Aviso", "content": "Oi", **fields})
    assert [error.field for error in caught.value.errors] == [field]


def test_control_characters_leave_the_text(as_admin):
    made = service.create_template("Avi\x00so", "Oi\x07\r\n\tAna\x1b[0m")
    assert (made.name, made.content) == ("Aviso", "Oi\n\tAna[0m")


def test_defaults_count_for_the_limit(as_admin):
    content = "{a|" + "x" * 1400 + "}{a}{a}"
    assert len(content) < MAX_LENGTH
    with pytest.raises(Invalid):
        service.create_template("Longo", content)


def test_a_name_is_taken_once_per_language(as_admin):
    made = service.create_template("Aviso", "Oi")
    with pytest.raises(Invalid, match="Já existe"):
        service.create_template("Aviso", "Olá")
    assert service.create_template("Aviso", "Hi", language="en").id != made.id
    assert service.update_template(made.id, name="Aviso", content="Olá").content == "Olá"


def test_copies_get_free_names(as_admin):
    made = service.create_template("Aviso", "Oi {nome}")
    copies = [service.copy_template(made.id).name for _turn in range(3)]
    assert copies == ["Aviso (cópia)", "Aviso (cópia) 2", "Aviso (cópia) 3"]


def test_a_deleted_one_is_gone(as_admin):
    made = service.create_template("Aviso", "Oi").id
    service.delete_template(made)
    with pytest.raises(NotFound):
        queries.get_template(made)
    service.create_template("Aviso", "De novo")


def test_one_that_a_campaign_remembers_is_put_away(as_admin):
    made = service.create_template("Aviso " + "x" * 70, "Oi")
    with transaction() as session:
        session.add(Campaign(name="Natal", template_id=made.id))
    service.delete_template(made.id)
    assert names() == []
    service.create_template("Aviso " + "x" * 70, "De novo")
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM templates WHERE is_archived")) == 1


def test_search_ignores_accents_and_looks_into_the_text(as_admin):
    service.create_template("Promoção de Verão", "Só hoje")
    service.create_template("Aviso", "Sua promocao chegou")
    service.create_template("Outro", "Nada", category="reply")
    found = queries.list_templates(search="PROMOCAO")
    assert [template.name for template in found.items] == ["Aviso", "Promoção de Verão"]
    assert queries.list_templates(search="promoção verao").total == 1
    assert [template.name for template in queries.list_templates(category="reply").items] == ["Outro"]


def test_only_this_companys_files_can_be_attached(company, outsider):
    with acting(outsider.actor()):
        theirs = store_upload(io.BytesIO(b"%PDF-1.7 a"), "a.pdf").id
    with acting(company.actor()):
        ours = store_upload(io.BytesIO(b"%PDF-1.7 a"), "a.pdf").id
        assert service.create_template("Aviso", "Oi", media_id=ours).media_id == ours
        for stranger in (theirs, uuid.uuid4()):
            with pytest.raises(NotFound):
                service.create_template("Outro", "Oi", media_id=stranger)


def test_who_may_write(act, as_admin):
    made = service.create_template("Aviso", "Oi").id
    for role in ("agent", "viewer"):
        with act(role):
            assert queries.get_template(made).name == "Aviso"
            for call in (
                lambda: service.create_template("B", "Oi"),
                lambda: service.update_template(made, name="C"),
                lambda: service.copy_template(made),
                lambda: service.delete_template(made),
            ):
                with pytest.raises(Forbidden):
                    call()
    with act("developer"), pytest.raises(Forbidden):
        queries.list_templates()


def test_every_change_is_audited_and_told(as_admin):
    made = service.create_template("Aviso", "Oi").id
    service.update_template(made, name="Recado")
    service.update_template(made, name="Recado")
    service.delete_template(made)
    with transaction() as session:
        rows = session.execute(text("SELECT action, changes FROM audit_logs ORDER BY id")).all()
        facts = session.scalars(text("SELECT name FROM facts ORDER BY id")).all()
    assert [row.action for row in rows] == ["template.create", "template.update", "template.delete"]
    assert rows[1].changes == {"name": ["Aviso", "Recado"]}
    assert facts == ["template.created", "template.updated", "template.deleted"]
