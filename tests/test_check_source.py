"""Services nobody provides, and sources that are no coach folder."""

from pathlib import Path

import pytest

from coach.check import check
from tests._folder import SOUND, places, write_folder

GREET, PERSON = "actions/greet.py", "context/person.py"

SERVED = {
    GREET: SOUND[GREET].replace("    ctx: Context,\n", "    ctx: Context,\n            pictures: object,\n"),
    PERSON: SOUND[PERSON].replace("(ctx: Context)", "(ctx: Context, people: object, prompts: object)"),
}


def test_a_service_nobody_provides_is_found_when_services_are_given(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, SERVED)
    assert check(folder) == []
    findings = check(folder, services={"picture", "prompts"})
    assert [(finding.code, *places([finding])) for finding in findings] == [
        ("A010", f"{GREET}:11"),
        ("A010", f"{PERSON}:12"),
    ]
    assert "`greet` asks for the service `pictures`, which nobody provides" in str(findings[0])
    assert "Did you mean `picture`?" in str(findings[0])
    for way in ("`load(…, pictures=…)`", "`coach.open(…, pictures=…)`", "`coach check --service pictures`"):
        assert way in findings[0].fix
    assert check(folder, services={"pictures", "people", "prompts"}) == []


NOWHERE = {
    "nowhere/at/all": "there is no such folder",
    "no_such_package_here": "there is no package `no_such_package_here`",
    "json.decoder": "`json.decoder` is a module and no folder",
    "json": "it has no `prompts/`",
    "": "it has no `prompts/`",
}


@pytest.mark.parametrize("source", NOWHERE)
def test_no_coach_folder_at_all_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = check(source)
    assert finding.code == "F001" and NOWHERE[source] in finding.message and finding.fix
    assert finding.file == (source or ".")


@pytest.mark.parametrize("body", ["import nobody_has_this", "1 / 0", "raise SystemExit"])
def test_a_package_that_cannot_be_imported_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    (tmp_path / "broken_app").mkdir()
    (tmp_path / "broken_app" / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    (finding,) = check("broken_app")
    assert (finding.code, finding.file) == ("F001", "broken_app")
    assert any(word in str(finding) for word in ("nobody_has_this", "ZeroDivisionError", "SystemExit"))
