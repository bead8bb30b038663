import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.errors import Forbidden, Invalid, NotFound
from app.instances import queries, service
from app.instances.rules import credentials_of
from tests.factories import make_instance


def test_created_disconnected_with_secrets_sealed_and_a_pace_row(loja, to_sim, owner_engine):
    assert (loja.status, loja.provider, loja.is_provisioned) == ("disconnected", "evolution", False)
    creds = credentials_of(loja.external_name, loja.credentials)
    assert (creds.base_url, creds.api_key) == (to_sim.evolution_api_url, to_sim.evolution_api_key)
    assert creds.token.encode() not in loja.credentials
    with owner_engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM instance_pace WHERE instance_id = :id"), {"id": loja.id})
        assert rows.scalar() == 1


def test_first_number_is_the_default_and_only_one_is(loja, to_sim):
    second = service.create(to_sim, name="Filial")
    assert (loja.is_default, second.is_default) == (True, False)
    service.make_default(second.id)
    assert [one.name for one in queries.list_instances() if one.is_default] == ["Filial"]
    assert queries.find_default().id == second.id


def test_cloud_is_not_available_yet(as_admin, to_sim, ctx):
    with pytest.raises(Invalid) as caught:
        service.create(to_sim, name="Oficial", provider="cloud")
    assert caught.value.errors[0].field == "provider"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "ok", "phone_number": "123"}, "phone_number"),
        ({"name": "ok", "max_agents": 101}, "max_agents"),
        ({"name": "ok", "pace": {"batch_size": -1}}, "pace.batch_size"),
    ],
)
def test_bad_fields_are_named(as_admin, to_sim, ctx, fields, field):
    with pytest.raises(Invalid) as caught:
        service.create(to_sim, **fields)
    assert [error.field for error in caught.value.errors] == [field]


def test_one_phone_belongs_to_one_number(as_admin, to_sim, ctx):
    first = service.create(to_sim, name="Um", phone_number="(11) 98765-4321")
    with pytest.raises(Invalid):
        service.create(to_sim, name="Dois", phone_number="+55 11 98765-4321")
    service.delete(first.id)
    assert service.create(to_sim, name="Três", phone_number="11987654321").phone_number == "+5511987654321"


def test_update_moves_the_senders_stamp_and_keeps_the_rest(loja):
    stamp = loja.updated_at
    service.update(loja.id, {"pace": {"daily_cap": 300, "delay_min_ms": 1000}})
    changed = service.update(loja.id, {"name": "Loja Nova", "pace": {"daily_cap": None}})
    assert (changed.name, changed.pace) == ("Loja Nova", {"delay_min_ms": 1000})
    assert changed.updated_at > stamp


def test_link_changes_leave_the_senders_stamp(loja):
    stamp = loja.updated_at
    service.ask_connect(loja.id)
    service.record_qr(loja.id, "data:image/png;base64,iV")
    assert queries.get_instance(loja.id).updated_at == stamp


def test_deleted_numbers_are_gone_from_every_read(loja, company):
    service.delete(loja.id)
    assert queries.list_instances() == []
    with pytest.raises(NotFound):
        queries.get_instance(loja.id)


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_admins_create_change_and_delete(loja, to_sim, act, role):
    with act(role):
        for verb in (
            lambda: service.create(to_sim, name="x"),
            lambda: service.update(loja.id, {"name": "x"}),
            lambda: service.delete(loja.id),
            lambda: service.make_default(loja.id),
        ):
            with pytest.raises(Forbidden):
                verb()


def test_managers_connect_and_agents_do_not(loja, act):
    with act("manager"):
        assert service.ask_connect(loja.id).status == "connecting"
    with act("agent"), pytest.raises(Forbidden):
        service.ask_disconnect(loja.id)


def test_another_company_sees_nothing(loja, outsider):
    number = loja.id
    with acting(outsider.actor("admin")):
        assert queries.list_instances() == []
        for verb in (service.ask_connect, service.ask_disconnect, service.delete, service.make_default):
            with pytest.raises(NotFound):
                verb(number)


def test_every_change_is_audited_without_secrets(loja, company, owner_engine):
    service.update(loja.id, {"name": "Outra"})
    service.delete(loja.id)
    query = text("SELECT action, changes::text FROM audit_logs WHERE resource_id = :id ORDER BY id")
    with owner_engine.connect() as connection:
        rows = connection.execute(query, {"id": loja.id}).all()
    assert [row.action for row in rows] == ["instance.create", "instance.update", "instance.delete"]
    token = credentials_of(loja.external_name, loja.credentials).token
    assert not any(token in row.changes for row in rows)


def test_page_of_numbers_searches_by_name(as_admin):
    for name in ("Loja", "Filial", "Depósito"):
        make_instance(name)
    page = queries.page_of_instances(1, 2)
    assert (page.total, len(page.items), page.total_pages) == (3, 2, 2)
    assert [one.name for one in queries.page_of_instances(1, 50, "filial").items] == ["Filial"]
