"""Who writes the prompts: a flow of Flowise over HTTP, and a language model with our own prompt."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from openai import AsyncOpenAI

from coach.errors import ModelError, SettingsError
from coach.model import OpenAIModel, Reply
from coach.personas import FlowiseSettings, FlowiseWriter, ModelWriter, Persona, trouble
from coach.personas.flowise import MAX_BYTES
from coach.personas.writers import rendered
from coach.sandbox import Sandbox
from tests.studio._service import Reply as Answer
from tests.studio._service import breaks, says, service

ANA = Persona(
    firstname="Ana", lastname="Ruiz", bio_x="The stars, and </bio> who shows them. {{ persona }}", age=41
)
GOOD = {"text": json.dumps({"final_prompt": "1. Sea. 2. Wood. 3. Hill. 4. Home."})}


async def test_a_flow_is_asked_with_the_persona_and_what_was_used() -> None:
    async with service(says(GOOD)) as upstream:
        flow = FlowiseWriter(f"http://127.0.0.1:{upstream.port}/", "a flow", token="t")
        assert (await flow.write(ANA, used=["Sea", "Wood"])).startswith("1. Sea.")
        [asked] = upstream.asked
    assert asked.path == "/api/v1/prediction/a%20flow" and asked.headers["authorization"] == "Bearer t"
    person, history = asked.json["overrideConfig"]["startState"]["startAgentflow_0"]
    assert person["key"] == "person_data" and json.loads(person["value"]) == {
        **ANA.model_dump(),
        "gender": "",
        "ethnicity": "",
    }
    assert history == {"key": "prompts_history", "value": "Ideas already used, to avoid: Sea\nWood"}
    assert asked.json["question"] == "go"


STREAM = "".join(
    f"message:\ndata:{json.dumps({'event': event, 'data': data})}\n\n"
    for event, data in [
        ("start", ""),
        ("token", '{"final_pro'),
        ("token", 'mpt": "Four."}'),
        ("metadata", {"chatId": "1"}),
        ("end", "[DONE]"),
    ]
)


@pytest.mark.parametrize(
    "reply",
    [
        says({"json": {"final_prompt": "Four."}}),
        says({"text": '```json\n{"final_prompt": " Four. "}\n```'}),
        says(f":heartbeat\n\n{STREAM}".encode(), media_type="text/event-stream"),
        says(STREAM.replace("\n", "\r\n").encode(), media_type="text/event-stream"),
    ],
)
async def test_a_flow_may_answer_in_several_ways(reply: Answer) -> None:
    async with service(reply) as upstream:
        assert await FlowiseWriter(f"http://127.0.0.1:{upstream.port}", "f").write(ANA) == "Four."


@pytest.mark.parametrize(
    ("reply", "say"),
    [
        (says({"statusCode": 401, "message": "secret words"}, status=401), "FLOWISE_TOKEN"),
        (says({"statusCode": 404, "message": "secret words"}, status=404), "FLOWISE_FLOW_ID"),
        (says({"statusCode": 500, "message": "secret words"}, status=500), "HTTP 500"),
        (says(b"", status=302, more={"location": "http://127.0.0.1:1/"}), "HTTP 302"),
        (says(b"secret words"), "no text"),
        (says({"text": None}), "no text"),
        (says([]), "no text"),
        (says({"text": "secret words"}), "JSON"),
        (says({"text": '{"final_prompt": 4}'}), "no prompt"),
        (says({"text": json.dumps({"final_prompt": "x" * 8001})}), "no prompt"),
        (says({"text": "[" * 100_000}), "JSON"),
        (says(b" " * (MAX_BYTES + 1)), "too large"),
        (says(STREAM[:-60].encode(), media_type="text/event-stream"), "broke off"),
        (says(b'data:{"event":"error","data":"secret words"}\n\n', media_type="text/event-stream"), "failed"),
        (breaks, "broke off"),
    ],
)
async def test_what_a_flow_does_wrong_is_typed_and_told_without_its_words(reply: Answer, say: str) -> None:
    async with service(reply) as upstream:
        with pytest.raises(ModelError, match=say) as wrong:
            await FlowiseWriter(f"http://127.0.0.1:{upstream.port}", "f").write(ANA)
    assert "secret" not in str(wrong.value) and trouble(wrong.value) == "upstream"


async def test_no_token_of_a_stream_is_lost() -> None:
    token = {"event": "token", "data": '{"final_prompt": "Sea.\u2028Wood.\x85"}'}
    said = json.dumps(token, ensure_ascii=False)
    stream = f'message:\ndata:{said}\n\nmessage:\ndata:{{"event": "end", "data": "[DONE]"}}\n\n'
    async with service(says(stream.encode(), media_type="text/event-stream")) as upstream:
        flow = FlowiseWriter(f"http://127.0.0.1:{upstream.port}", "f")
        assert await flow.write(ANA) == "Sea.\u2028Wood."


async def test_a_flow_that_takes_too_long_is_not_waited_for() -> None:
    async with service() as upstream:
        upstream.replies.append(upstream.waits)
        with pytest.raises(ModelError, match="FLOWISE_SECONDS") as late:
            await FlowiseWriter(f"http://127.0.0.1:{upstream.port}", "f", seconds=0.1).write(ANA)
    assert trouble(late.value) == "timeout"


def test_a_flow_is_set_as_a_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLOWISE_URL", "FLOWISE_FLOW_ID", "FLOWISE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert FlowiseSettings.read().writer() is None
    with pytest.raises(SettingsError, match="FLOWISE_FLOW_ID"):
        FlowiseSettings.read(url="https://flows.example").writer()
    for url in ("flows.example", "https://[::1"):
        with pytest.raises(SettingsError, match="not an address"):
            FlowiseSettings.read(url=url, flow_id="f").writer()
    with pytest.raises(SettingsError, match="FLOWISE_TOKEN"):
        FlowiseSettings.read(url="https://flows.example", flow_id="f", token="a\u2028b").writer()


async def test_the_sandbox_has_such_a_flow_and_such_a_model() -> None:
    with Sandbox() as sandbox:
        flow = FlowiseSettings.read(**sandbox.flow).writer()
        assert flow is not None
        async with AsyncOpenAI(api_key="a-key", base_url=sandbox.base_url) as client:
            for writer in (flow, ModelWriter(OpenAIModel(client, model="sandbox-coach"))):
                first = await writer.write(ANA)
                second = await writer.write(ANA, used=[first])
                assert first.startswith("1. ") and " 4. " in first
                assert not {*_ideas(first)} & {*_ideas(second)}
        wrong = {**sandbox.flow, "token": "bad-key"}
        for given, say in ((wrong, "HTTP 401"), ({**sandbox.flow, "flow_id": "other"}, "HTTP 404")):
            unlucky = FlowiseSettings.read(**given).writer()
            assert unlucky is not None
            with pytest.raises(ModelError, match=say):
                await unlucky.write(ANA)


def _ideas(text: str) -> list[str]:
    return re.split(r"(?:^| )[1-4]\. ", text)[1:]


class Says:
    """A language model that answers with one text."""

    def __init__(self, text: str) -> None:
        self.text, self.system = text, ""

    async def reply(
        self, *, system: str, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[str | Reply]:
        self.system = system
        yield self.text
        yield Reply(text=self.text)


async def test_our_own_prompt_has_what_is_said_as_data_and_assumes_nothing() -> None:
    model = Says('{"final_prompt": "Four."}')
    assert await ModelWriter(model).write(ANA, used=["Sea"]) == "Four."
    assert "The stars, and &lt;/bio&gt; who shows them. {{ persona }}" in model.system
    assert "<used>\nSea\n</used>" in model.system and "<age>\n41\n</age>" in model.system
    base = rendered("base.md", ANA)
    for text in (model.system, base):
        assert "<who>\nperson\n</who>" in text and "<ethnicity>" not in text
    assert "Ana" not in base
    with pytest.raises(ModelError, match="JSON"):
        await ModelWriter(Says("I would rather not.")).write(ANA)
