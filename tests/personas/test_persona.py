"""What a persona is, in code and in files."""

import json
from pathlib import Path
from typing import Any

import pytest

from coach.errors import InputRefused, ModelError, StoreUnavailable
from coach.personas import Persona, trouble
from coach.personas.files import folder_name, read_personas
from coach.studio.faults import SAY, fault

NAMED = {"firstname": "Ana", "lastname": "Ruiz"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"firstname": "Ana"}, "lastname"),
        ({**NAMED, "firstname": " \n"}, "firstname"),
        ({**NAMED, "age": 17}, "age"),
        ({**NAMED, "age": "old"}, "age"),
        ({**NAMED, "bio_x": "x" * 2001}, "bio_x"),
        ({**NAMED, "gender": "x" * 61}, "gender"),
        ({**NAMED, "gender": "girl, 9 years old"}, "gender"),
        ({**NAMED, "biography": "x"}, "biography"),
    ],
)
def test_what_is_no_persona_is_refused_by_name_and_not_repeated(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Persona.read(given)
    assert refused.value.field == field and "xxx" not in str(refused.value)
    with pytest.raises(InputRefused):
        Persona.read([given])


def test_columns_that_nobody_knows_are_told_in_short_and_on_one_line() -> None:
    with pytest.raises(InputRefused) as refused:
        Persona.read({f"{number}\x1b[2J\n{'x' * 9000}": "" for number in range(2000)})
    said = str(refused.value)
    assert len(said) < 500 and said.isprintable() and "and 1997 more" in said and "lastname" in said
    with pytest.raises(InputRefused) as refused:
        Persona.read({**NAMED, "\x1b[2J" + "x" * 9000: ""})
    assert refused.value.field is not None and len(refused.value.field) == 40


def test_nothing_is_assumed_and_the_same_said_is_the_same_persona() -> None:
    ana = Persona.read({**NAMED, "gender": " ", "ethnicity": "", "age": ""})
    assert (ana.gender, ana.ethnicity, ana.age, ana.who) == (None, None, None, "person")
    assert [Persona.read({**NAMED, "gender": each}).who for each in ("F", "male", "non-binary")] == [
        "woman",
        "man",
        "non-binary",
    ]
    assert ana.digest == Persona.read(NAMED).digest != Persona.read({**NAMED, "age": 30}).digest


def test_files_of_personas(tmp_path: Path) -> None:
    table, one, many = tmp_path / "p.csv", tmp_path / "p.json", tmp_path / "m.JSON"
    table.write_text(
        '\ufefffirstname,lastname,age,bio_x\r\nAna,Ruiz,41,"Stars,\nseas"\r\nÉva,Nagy\r\n', "utf-8"
    )
    one.write_text(json.dumps(NAMED))
    many.write_text(json.dumps([NAMED, NAMED]))
    first, second = read_personas(table)
    assert first.bios == ("Stars,\nseas",) and first.age == 41 and second.name == "Éva Nagy"
    assert [len(read_personas(each)) for each in (one, many)] == [1, 2]
    assert folder_name(second).startswith("va-nagy-") and "/" not in folder_name(
        Persona.read({**NAMED, "firstname": "../.."})
    )


@pytest.mark.parametrize(
    ("name", "text", "say"),
    [
        ("p.txt", "", "neither"),
        ("p.json", "{", "inside"),
        ("p.json", "[]", "none in it"),
        ("p.json", '[{"firstname": "Ana", "lastname": "Ruiz"}, 4]', "Number 2"),
        ("p.csv", "firstname,lastname\nAna,Ruiz,more\n", "Number 1.*a cell beyond the first row's"),
        ("p.csv", "firstname,lastname\nAna\n", "Number 1.*lastname: String should have at least 1 char"),
        ("p.csv", f"firstname,lastname\n{'x' * 81},Ruiz\n", "firstname: String should have at most 80 char"),
        ("p.csv", "firstname,lastname\n\xff", "UTF-8"),
        ("p.csv", "firstname;lastname\nAna;Ruiz\n", "no persona has: 'firstname;lastname'"),
        ("p.csv", "firstname,lastname,lastname\nAna,Ruiz,Lee\n", "a column twice"),
        ("p.csv", ",".join(map(str, range(200_000))) + "\nx" * 1001, "no persona has: '0'"),
        ("p.csv", "firstname,lastname" + "\nx" * 4_000_000, "more than 1000"),
    ],
)
def test_what_is_no_file_of_personas_is_refused(tmp_path: Path, name: str, text: str, say: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputRefused, match=say):
        read_personas(file)


def test_every_error_is_one_kind_of_trouble() -> None:
    kinds = {code: trouble(fault(code, paid="unpaid")) for code in SAY}
    assert kinds["moderation_blocked"] == "policy" and kinds["timeout"] == "timeout"
    assert kinds["over_quota"] == kinds["budget_spent"] == "quota" and kinds["no_room"] == "store"
    assert kinds["service_error"] == kinds["bad_key"] == "upstream"
    assert trouble(StoreUnavailable("gone")) == "store" and trouble(InputRefused("no")) == "input"
    assert trouble(ModelError("no")) == "upstream"


def test_no_more_is_read_of_a_file_than_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    with pytest.raises(InputRefused, match="larger than 10 MB"):
        read_personas(tmp_path / "endless.csv")
