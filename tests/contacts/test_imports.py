import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from app.contacts.models import Contact, Import
from app.contacts.queries import imports, people
from app.contacts.queries.finding import Filter
from app.contacts.service import bulk, import_check, import_result, import_undo, import_write, labels
from app.contacts.service import imports as service
from app.contacts.service import people as contact_service
from app.contacts.service.import_files import forget_files
from app.contacts.service.imports import Wishes
from app.core import clock, files
from app.core.context import acting
from app.core.db import read_session, transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from app.core.storage import storage
from tests.factories import Company, make_contact
from tests.workbooks import messy_rows, write_csv, write_xlsx

pytestmark = pytest.mark.usefixtures("as_admin")
HEADER = ["Nome", "Telefone", "E-mail", "Cidade"]


def sheet(*rows: list[Any], header: list[str] | None = None) -> io.BytesIO:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows([header or HEADER, *rows])
    return io.BytesIO(stream.getvalue().encode())


def checked(stream: Any, **wishes: Any) -> Import:
    found = service.start_import(stream, "clientes.csv", Wishes(**wishes))
    import_check.check_import(found.id)
    return imports.get_import(found.id)


def imported(stream: Any, **wishes: Any) -> Import:
    found = checked(stream, confirms=True, **wishes)
    import_write.write_import(found.id)
    return imports.get_import(found.id)


def counts(found: Import) -> dict[str, int]:
    names = ("total", "valid", "invalid", "repaired", "duplicates", "created", "updated", "unchanged")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


ANA = ["Ana Souza", "5511987654321", "ana@x.com", "Recife"]
BIA = ["Bia Melo", "5521987654321", "", "Olinda"]


def test_nothing_is_written_before_the_confirmation() -> None:
    found = checked(sheet(ANA, BIA, ["Caio", "não tem", "", ""]))
    assert (found.status, counts(found)) == ("ready", {"total": 3, "valid": 2, "invalid": 1})
    assert people.count_all() == 0
    service.confirm_import(found.id, expected=2)
    import_write.write_import(found.id)
    done = imports.get_import(found.id)
    assert (done.status, done.created, people.count_all()) == ("completed", 2, 2)


def test_contacts_arrive_whole() -> None:
    imported(sheet(ANA, ["BIA DE MELO", "2187654321", "ruim", "Olinda"]))
    bia, ana = people.list_contacts(Filter()).items
    assert (ana.name, ana.phone, ana.email, ana.custom_fields) == (
        "Ana Souza", "+5511987654321", "ana@x.com", {"cidade": "Recife"},
    )  # fmt: skip
    assert (bia.name, bia.phone, bia.email) == ("Bia de Melo", "+5521987654321", None)
    assert people.list_contacts(Filter(search="recife")).items == []
    assert people.list_contacts(Filter(search="98765 4321")).total == 2


def test_same_file_again_changes_nothing() -> None:
    imported(sheet(ANA, BIA))
    before = [(c.id, c.updated_at) for c in people.list_contacts(Filter()).items]
    again = imported(sheet(ANA, BIA), duplicates="overwrite")
    assert counts(again) == {"total": 2, "valid": 2, "unchanged": 2}
    assert [(c.id, c.updated_at) for c in people.list_contacts(Filter()).items] == before
    assert again.analysis["kinds"]["already_contact"] == 2


@pytest.mark.parametrize(
    ("rule", "name", "email", "custom", "count"),
    [
        ("keep", "Ana", None, {"cidade": "Recife"}, {"unchanged": 1}),
        ("fill", "Ana", "ana@x.com", {"cidade": "Recife", "plano": "Ouro"}, {"updated": 1}),
        ("overwrite", "Ana Souza", "ana@x.com", {"cidade": "Olinda", "plano": "Ouro"}, {"updated": 1}),
    ],
)
def test_known_contacts_follow_the_chosen_rule(
    rule: str, name: str, email: str | None, custom: dict[str, str], count: dict[str, int]
) -> None:
    known = make_contact("Ana", "5511987654321", custom_fields={"cidade": "Recife"})
    row = ["Ana Souza", "1187654321", "ana@x.com", "Olinda", "Ouro"]
    done = imported(sheet(row, header=[*HEADER, "Plano"]), duplicates=rule)
    after = people.get_contact(known.id)
    assert (after.name, after.email, after.custom_fields) == (name, email, custom)
    assert {k: v for k, v in counts(done).items() if k in ("created", "updated", "unchanged")} == count


@pytest.mark.parametrize(("rule", "city"), [("keep", "Recife"), ("fill", "Recife"), ("overwrite", "Olinda")])
def test_rows_that_repeat_a_phone_are_one_person_by_the_same_rule(rule: str, city: str) -> None:
    done = imported(sheet(ANA, ["", "1187654321", "", "Olinda"]), duplicates=rule)
    (only,) = people.list_contacts(Filter()).items
    assert (only.name, only.custom_fields["cidade"]) == ("Ana Souza", city)
    assert (done.duplicates, done.created, done.total) == (1, 1, 2)


def test_reimport_never_ends_an_opt_out() -> None:
    known = make_contact("Ana", "5511987654321")
    contact_service.opt_out(known.id, "word")
    imported(sheet(ANA, BIA), duplicates="overwrite", opted_in=True)
    ana, bia = people.get_contact(known.id), people.find_by_phone("+5521987654321")
    assert ana.opted_out_at is not None
    assert ana.opted_in_at is None
    assert bia.opted_in_source == "import: clientes.csv"


def test_deleted_contact_comes_back_and_stays_opted_out() -> None:
    known = make_contact("Ana", "5511987654321")
    contact_service.opt_out(known.id, "word")
    bulk.remove(bulk.Choice(ids=[known.id]))
    done = imported(sheet(ANA))
    back = people.get_contact(known.id)
    assert (back.name, done.created, back.opted_out_source) == ("Ana Souza", 1, "word")


def test_contacts_join_the_group_and_those_named_in_the_sheet() -> None:
    group = labels.create_group("Promoção")
    rows = [[*ANA, "vip", "A, B"], [*BIA, "VIP", "B"]]
    imported(sheet(*rows, header=[*HEADER, "Grupo", "Etiquetas"]), group_id=group.id)
    ana = people.find_by_phone("+5511987654321")
    assert [g.name for g in people.groups_of([ana.id])[ana.id]] == ["Promoção", "vip"]
    assert [t.name for t in people.tags_of([ana.id])[ana.id]] == ["A", "B"]
    assert people.list_contacts(Filter(group_id=group.id)).total == 2


def test_second_phone_of_a_row_finds_the_same_person() -> None:
    imported(sheet(["Ana", "11987654321 / 11 3333-4444", "", ""]))
    assert people.find_by_phone("+551133334444").id == people.find_by_phone("+5511987654321").id


def test_undo_takes_back_what_it_made_and_what_it_changed() -> None:
    known = make_contact("Ana", "5511987654321", custom_fields={"cidade": "Natal"})
    group = labels.create_group("G")
    done = imported(sheet(ANA, BIA, ["Caio", "5531987654321", "", ""]), duplicates="overwrite", group_id=group.id)
    caio = people.find_by_phone("+5531987654321")
    contact_service.update_contact(caio.id, {"name": "Caio Lima"})
    assert import_undo.undo_import(done.id) == 1
    assert imports.get_import(done.id).status == "undone"
    assert people.get_contact(known.id).custom_fields == {"cidade": "Natal"}
    assert [c.name for c in people.list_contacts(Filter(), order="name").items] == ["Ana", "Caio Lima"]
    assert people.list_contacts(Filter(group_id=group.id)).total == 0
    with pytest.raises(Conflict):
        import_undo.undo_import(done.id)


def test_undone_import_can_be_made_again() -> None:
    import_undo.undo_import(imported(sheet(ANA, BIA)).id)
    again = imported(sheet(ANA, BIA))
    assert (again.created, people.count_all()) == (2, 2)


def test_messy_workbook_goes_all_the_way(tmp_path: Path) -> None:
    messy = messy_rows(2000)
    with write_xlsx(tmp_path / "a.xlsx", messy).open("rb") as stream:
        found = service.start_import(stream, "clientes.xlsx")
    import_check.check_import(found.id)
    service.set_default_area(found.id, "11")
    import_check.check_import(found.id)
    ready = imports.get_import(found.id)
    lost = sum(
        messy.planted[code] for code in ("phone_scientific", "phone_letters", "phone_too_short", "phone_missing")
    )
    assert (ready.total, ready.invalid, ready.duplicates) == (2000, lost, messy.planted["duplicate_in_file"])
    service.confirm_import(found.id, expected=service.to_import(ready))
    import_write.write_import(found.id)
    done = imports.get_import(found.id)
    assert done.created == people.count_all() == 2000 - lost - messy.planted["duplicate_in_file"]


def test_job_that_runs_twice_writes_once() -> None:
    found = checked(sheet(ANA, BIA))
    import_check.check_import(found.id)
    service.confirm_import(found.id)
    import_write.write_import(found.id)
    import_write.write_import(found.id)
    assert people.count_all() == 2
    with pytest.raises(Conflict):
        service.confirm_import(found.id)


def test_crash_in_mid_write_leaves_nothing_and_the_next_run_finishes(ctx: Any) -> None:
    found = checked(sheet(ANA, BIA))
    service.confirm_import(found.id)
    spill = files.path(imports.get_import(found.id).analysis["spill"])
    whole = spill.read_bytes()
    spill.write_bytes(whole + b"this line breaks the copy\n")
    with pytest.raises(Exception, match="staged"):
        import_write.write_import(found.id)
    assert people.count_all() == 0
    spill.write_bytes(whole)
    assert imports.get_import(found.id).status == "running"
    import_write.write_import(found.id)  # its claim is still held: nothing happens
    assert people.count_all() == 0
    with transaction() as session:
        session.execute(text("UPDATE imports SET lease = now() - interval '1 second' WHERE id = :id"), {"id": found.id})
    import_write.write_import(found.id)
    assert (imports.get_import(found.id).status, people.count_all()) == ("completed", 2)


def test_file_that_kills_its_worker_is_given_up(ctx: Any) -> None:
    found = service.start_import(sheet(ANA), "a.csv")
    with transaction() as session:
        session.get_one(Import, found.id).analysis = {"attempts": 3}
    import_check.check_import(found.id)
    assert (imports.get_import(found.id).status, imports.get_import(found.id).error) == ("failed", "file_damaged")


def test_repair_of_a_kind_can_be_switched_off_and_on() -> None:
    found = checked(sheet(["Ana", "1187654321", "", ""]))
    assert (found.valid, found.repaired) == (1, 1)
    service.switch_repair(found.id, "phone_ninth_digit", on=False)
    import_check.check_import(found.id)
    assert imports.get_import(found.id).invalid == 1
    service.switch_repair(found.id, "phone_ninth_digit", on=True)
    import_check.check_import(found.id)
    assert imports.get_import(found.id).valid == 1
    with pytest.raises(Invalid):
        service.switch_repair(found.id, "phone_missing", on=True)


def test_cell_is_fixed_in_place() -> None:
    found = checked(sheet(["Ana", "5,51199E+12", "", ""]))
    assert found.invalid == 1
    service.fix_cell(found.id, 2, 1, "11987654321")
    import_check.check_import(found.id)
    assert (imports.get_import(found.id).valid, imports.get_import(found.id).invalid) == (1, 0)


def test_default_area_repairs_all_of_the_kind() -> None:
    found = checked(sheet(["Ana", "98765-4321", "", ""], ["Bia", "3333-4444", "", ""]))
    assert found.analysis["kinds"]["phone_area_missing"] == 2
    service.set_default_area(found.id, "011")
    import_check.check_import(found.id)
    assert imports.get_import(found.id).valid == 2
    with pytest.raises(Invalid):
        service.set_default_area(found.id, "20")


def test_columns_can_be_corrected() -> None:
    found = checked(sheet(["Ana", "5511987654321", "Aninha"], header=["Nome", "Telefone", "Apelido"]))
    service.choose_columns(found.id, {0: "custom", 2: "name"})
    import_check.check_import(found.id)
    service.confirm_import(found.id)
    import_write.write_import(found.id)
    assert people.list_contacts(Filter()).items[0].name == "Aninha"
    assert people.list_contacts(Filter()).items[0].custom_fields == {"nome_2": "Ana"}


def test_without_a_phone_column_a_person_is_asked_and_the_api_is_refused() -> None:
    rows = [["Ana", "azul"], ["Bia", "verde"]]
    asked = checked(sheet(*rows, header=["Nome", "Cor"]))
    assert (asked.status, asked.analysis["needs_columns"], asked.valid) == ("ready", True, 0)
    with pytest.raises(Conflict):
        service.confirm_import(asked.id)
    refused = checked(sheet(*rows, header=["Nome", "Cor"]), confirms=True)
    assert (refused.status, refused.error) == ("failed", "columns")


def test_sheet_is_chosen(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Capa"])
    second = book.create_sheet("Dados")
    second.append(["Nome", "Fone"])
    second.append(["Ana", "5511987654321"])
    book.save(tmp_path / "a.xlsx")
    with (tmp_path / "a.xlsx").open("rb") as stream:
        found = service.start_import(stream, "a.xlsx")
    import_check.check_import(found.id)
    service.choose_sheet(found.id, 1)
    import_check.check_import(found.id)
    assert (imports.get_import(found.id).valid, imports.get_import(found.id).sheet) == (1, "Dados")
    with pytest.raises(Invalid):
        service.choose_sheet(found.id, 9)


def test_errors_say_row_column_value_problem_and_suggestion() -> None:
    found = checked(sheet(["Ana", "não tem", "", ""], ["Bia", "2187654321", "", ""]))
    first, second = imports.errors_of(found)[:2]
    assert {k: first[k] for k in ("row", "column", "value", "problem")} == {
        "row": 2, "column": "Telefone", "value": "não tem", "problem": "phone_letters",
    }  # fmt: skip
    assert (second["row"], second["problem"]) == (3, "phone_ninth_digit")
    assert second["suggestion"] == "+55 (21) 98765-4321"
    assert "9" in second["message"]


def test_result_is_the_sheet_with_what_happened_to_each_row() -> None:
    done = imported(sheet(ANA, ["=cmd()", "1187654321", "", ""], ["Caio", "não tem", "", ""]))
    import_result.make_result(done.id)
    book = openpyxl.load_workbook(io.BytesIO(storage().read(imports.get_import(done.id).result_key)))
    rows = [[cell.value or "" for cell in row] for row in book.active.iter_rows()]
    assert rows[0] == [*HEADER, "Resultado", "Telefone usado", "Observações"]
    assert rows[1][:2] + rows[1][4:6] == ["Ana Souza", "5511987654321", "Contato criado", "+55 (11) 98765-4321"]
    assert rows[2][0] == "'=cmd()"
    assert rows[2][4] == "Repetido no arquivo"
    assert rows[3][4:] == ["Não importado", "", "Texto no lugar do telefone"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_encodings_keep_their_accents(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path / "a.csv", messy_rows(30), encoding=encoding)
    with path.open("rb") as stream:
        imported(stream)
    assert people.list_contacts(Filter(search="Hélio")).total == people.list_contacts(Filter(search="helio")).total


@pytest.mark.parametrize(
    ("content", "error"), [(b"%PDF-1.4", "file_not_spreadsheet"), (b"Nome;Telefone\n", "file_no_rows")]
)
def test_bad_files_fail_in_words(content: bytes, error: str) -> None:
    found = checked(io.BytesIO(content))
    assert (found.status, found.error) == ("failed", error)


def test_upload_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid):
        service.start_import(io.BytesIO(b""), "a.csv")
    monkeypatch.setattr(service, "LIMITS", type(service.LIMITS)(file_bytes=10))
    with pytest.raises(TooLarge):
        service.start_import(sheet(ANA), "a.csv")


def test_hostile_cells_are_only_text() -> None:
    nasty = 'a\tb\\N\\.\n"x"\x00'
    imported(sheet([nasty, "5511987654321", "", nasty], ["\\.", "5521987654321", "", "\\N"]))
    second, first = people.list_contacts(Filter()).items
    assert (first.name, first.custom_fields["cidade"]) == ('a b\\N\\. "x"', 'a\tb\\N\\.\n"x"')
    assert (second.name, second.custom_fields["cidade"]) == ("\\.", "\\N")


def test_file_name_is_only_shown() -> None:
    found = service.start_import(sheet(ANA), "../../etc/pass\nwd")
    assert found.file_name == "passwd"
    assert found.storage_key == f"imports/{found.id}"


def test_sheets_are_not_kept_for_ever() -> None:
    done, waiting = imported(sheet(ANA)), checked(sheet(BIA))
    import_result.make_result(done.id)
    forget_files(clock.now() + timedelta(days=29))
    assert files.path(f"{done.storage_key}/upload").exists()
    forget_files(clock.now() + timedelta(days=31))
    assert not files.path(f"{done.storage_key}/upload").exists()
    assert imports.get_import(waiting.id).status == "cancelled"
    assert imports.get_import(done.id).result_key
    forget_files(clock.now() + timedelta(days=91))
    assert imports.get_import(done.id).result_key is None


def test_cancelled_import_keeps_no_file() -> None:
    found = checked(sheet(ANA))
    service.cancel_import(found.id)
    assert not files.path(f"{found.storage_key}/upload").exists()
    with pytest.raises(Conflict):
        service.confirm_import(found.id)


def test_only_those_who_manage_contacts_import(act: Callable[[str], Any]) -> None:
    found = checked(sheet(ANA))
    for role in ("agent", "viewer"):
        with act(role):
            with pytest.raises(Forbidden):
                service.start_import(sheet(ANA), "a.csv")
            with pytest.raises(Forbidden):
                service.confirm_import(found.id)


def test_imports_of_another_company_do_not_exist(outsider: Company) -> None:
    found_id = checked(sheet(ANA)).id
    with acting(outsider.actor("admin")), pytest.raises(NotFound):
        imports.get_import(found_id)


def test_import_leaves_audit_rows_and_facts() -> None:
    done = imported(sheet(ANA))
    session = read_session()
    actions = session.scalars(text("SELECT action FROM audit_logs WHERE resource_id = :id"), {"id": done.id}).all()
    assert set(actions) == {"import.start", "import.confirm", "import.complete"}
    assert session.scalar(text("SELECT count(*) FROM facts WHERE name = 'import.completed'")) == 1
    assert session.scalar(text("SELECT count(*) FROM contacts")) == session.query(Contact).count() == 1
