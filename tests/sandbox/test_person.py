"""The scripted person of the demo."""

from coach.sandbox import ScriptedPerson


def test_the_person_reads_what_the_coach_offers_and_gives_up_in_the_end() -> None:
    person = ScriptedPerson(name="Ada")
    assert person.next("introduction", "Hello", has_photo=False, versions=0) == "Hello! You can call me Ada."
    offered = "I put “Quiet harbour” and “Patient explorer” on your list."
    picked = person.next("identity_brainstorming", offered, has_photo=False, versions=0)
    assert picked is not None and picked.startswith("Quiet harbour")
    seeing = "identity_visualization"
    assert person.next(seeing, "I need a photo of you.", has_photo=False, versions=0) == "/photo"
    for expected in ("Yes, once more, please.", None):
        assert person.next(seeing, "Shall we try it once more?", has_photo=True, versions=0) == expected
    assert person.next("wrap_up", "One small thing?", has_photo=True, versions=2) is not None
    assert person.next("wrap_up", "Goodbye.", has_photo=True, versions=2) is None
