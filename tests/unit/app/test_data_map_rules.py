"""The data map is whole: what is declared fits together, and everything that needs an end has one."""

import json

import pytest

from app.domain.compliance import activities
from app.domain.data_map import Category, End, Table, Term, Terms
from app.domain.data_places import PLACES, TABLES
from app.domain.data_tables import PERSONAL
from app.domain.export_values import schema_of
from app.domain.purposes import CONSENTED, REGISTER, Basis, Purpose
from app.domain.retention import limited

TERMS = Terms(chat=90, operation=30)


def test_every_purpose_is_registered_with_its_basis_and_whoever_receives_data() -> None:
    assert set(REGISTER) == set(Purpose)
    assert all(said.recipients and said.article.startswith("6(1)") for said in REGISTER.values())
    assert REGISTER[Purpose.RIGHTS].basis is Basis.LEGAL_OBLIGATION
    assert {purpose for purpose, said in REGISTER.items() if said.basis is Basis.CONSENT} == CONSENTED


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_of_people_is_exported_and_erased_and_every_term_can_be_ended(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    assert table.owned == ({"issuer", "subject"} <= set(names) and table.end is End.DELETED)
    assert bool(table.exported) == table.owned
    assert {table.key, table.age} - {""} <= set(names)
    assert all(column.left_out for column in table.columns if column not in table.exported)
    if TERMS.days(table.term) is not None:
        assert (table, TERMS.days(table.term)) in set(limited(TERMS))


def test_a_column_of_contact_or_key_is_sealed_or_never_leaves() -> None:
    for table in PERSONAL:
        for column in table.columns:
            if column.category in {Category.CONTACT, Category.KEY}:
                assert column.sealed or column.left_out, f"{table.name}.{column.name}"


def test_the_key_is_erased_last_and_the_way_in_first() -> None:
    assert (PERSONAL[0].name, PERSONAL[-1].name) == ("telegram_links", "subject_keys")


def test_a_place_that_does_not_end_by_itself_has_an_eraser_or_names_nobody() -> None:
    assert len({place.name for place in PLACES}) == len(PLACES)
    for place in PLACES:
        assert bool(place.eraser) == (place.end is End.DELETED), place.name
        assert place.end is not End.PSEUDONYMOUS or place.category in {Category.PSEUDONYM, Category.TECHNICAL}


def test_the_record_of_processing_tells_every_place_once() -> None:
    told = [kept.place for activity in activities(TERMS) for kept in activity.kept]
    assert sorted(told) == sorted([*(f"table:{table.name}" for table in TABLES), *(place.name for place in PLACES)])
    days = {kept.place: kept.days for activity in activities(TERMS) for kept in activity.kept}
    assert (days["table:chat_messages"], days["table:operations"], days["table:tasks"]) == (90, 30, None)


def test_terms_that_end_by_days_are_the_only_ones_that_have_days() -> None:
    ended = {term for term in Term if TERMS.days(term) is not None}
    assert ended == {Term.CHAT, Term.OPERATION, Term.UPDATE, Term.MESSAGE}


def test_the_schema_of_an_export_is_json_and_allows_nothing_else() -> None:
    for table in PERSONAL:
        schema = json.loads(json.dumps(schema_of(table)))
        assert set(schema["properties"]) == set(schema["required"]) == {column.name for column in table.exported}
