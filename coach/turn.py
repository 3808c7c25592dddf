"""One turn: a message of the person and all that follows from it.

The model proposes, the turn disposes. All calls of one reply are judged against the phase the reply was
asked in; a move to another phase applies last, at most once; every call id gets exactly one answer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from coach._answers import Answer, tell, tool, waiting
from coach._asking import Questions
from coach._calls import Call, Limits, Meter
from coach._changed import changed
from coach._judge import Asked, Judge
from coach._messages import Decided, as_messages
from coach._run import Outcome, Runner
from coach._stream import Emit, Stream, all_ended
from coach._truth import Witness
from coach.context import Context
from coach.errors import InputRefused
from coach.events import Event, PhaseChanged, Waiting
from coach.folder import Coach
from coach.pending import BEGUN
from coach.phase import Phase
from coach.prompt import Rendered

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionToolMessageParam


class Turn:
    """One turn of one person in one phase. Made by :meth:`Coach.turn <coach.folder.Coach.turn>`.

    Attributes:
        coach: The coach.
        user_id: The person.
        conversation_id: The conversation, or ``""``.
        answers: What the last :meth:`run` answered, or each :meth:`answer` since :meth:`proceed`: one tool
            message per call, for the model's history.
    """

    def __init__(self, coach: Coach, who: Context, limits: Limits) -> None:
        self.user_id, self.conversation_id = who.user_id, who.conversation_id
        self.answers: list[ChatCompletionToolMessageParam] = []
        self.coach = coach
        self._who = replace(who, turn_id=uuid4().hex)
        self._phase = coach.phase(who.phase)
        self._meter = Meter(limits=limits)
        self._journal = coach.journal
        self._runner = Runner(coach.services, self._journal, self._meter)
        self._judge = Judge(coach, self._who, self._meter, self._runner)
        self._questions = Questions(self._journal, self._runner)
        self._rendered = Rendered(text="", version="")
        self._moves: list[str] = []
        self._decided: list[Decided] = []
        self._witness = Witness(coach, who.user_id)
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._since: datetime | None = None

    @property
    def phase(self) -> str:
        """The phase the next reply is asked in."""
        return self._phase.name

    @property
    def prompt(self) -> str:
        """The system text for the next reply; new after :meth:`run`, :meth:`press` and :meth:`decide`."""
        return self._rendered.text

    @property
    def prompt_version(self) -> str:
        """The version of the words in :attr:`prompt`, 8 hex digits."""
        return self._rendered.version

    @property
    def tools(self) -> list[ChatCompletionFunctionToolParam]:
        """The phase's actions as tools of chat completions, strict, in the order the phase names them."""
        return [tool(self.coach.actions[name]) for name in self._phase.actions]

    @property
    def over(self) -> Literal["calls", "time"] | None:
        """What of the turn's limits is used up, if anything: then stop asking the model."""
        return self._meter.over

    @property
    def seconds_left(self) -> float:
        """Wall-clock seconds the turn still has."""
        return max(0.0, self._meter.seconds_left)

    async def begin(self, *, asks: bool) -> None:
        """Say that it begins, and render the first prompt, if a model is to be asked."""
        self._since = await self._journal.arrive(self.user_id)
        if asks:
            await self.refresh()

    async def refresh(self) -> None:
        """Gather what the phase's prompt may know and render it."""
        self._rendered = await self.coach.render(self._phase.name, self._context(""))

    def run(self, calls: Iterable[Any]) -> AsyncIterator[Event]:
        """Run the calls of one reply of the model.

        Args:
            calls: The reply's tool calls, in any shape :meth:`coach.Call.of` reads.

        Yields:
            What happens. At the end :attr:`answers` holds one answer per call id, and :attr:`prompt`,
            :attr:`tools` and :attr:`phase` are those for the next reply. Nothing a model sends raises.
        """
        asked: dict[str, Call] = {}
        for call in map(Call.of, calls):
            asked.setdefault(call.id, call)
        return Stream(lambda emit: self._run(list(asked.values()), emit))

    def answer(self, call: Any) -> Stream[Answer]:
        """Run one call, for agents that run the calls of a reply one at a time, or side by side.

        It is judged in the phase the reply was asked in, whatever the calls before it asked for: a move
        waits for :meth:`proceed`.

        Args:
            call: A tool call in any shape :meth:`coach.Call.of` reads.

        Returns:
            Iterated, it gives what happens; awaited, what came of it, which then is one of :attr:`answers`.
            It begins with either. Nothing a model sends raises.
        """
        return Stream(lambda emit: self._run_one(Call.of(call), emit))

    def proceed(self) -> AsyncIterator[Event]:
        """Go on to the next reply: the first move that was asked for happens, and the prompt is new.

        To be called when every :meth:`answer` of the reply before has ended.
        """
        self.answers = []
        return Stream(self._proceed)

    def press(
        self, action: str, arguments: Mapping[str, Any], *, call_id: str | None = None
    ) -> AsyncIterator[Event]:
        """Run an action because the person pressed a button: their press is the yes. See :meth:`told`.

        Args:
            action: One of the phase's actions.
            arguments: Its parameters; judged as a model's are.
            call_id: Makes it the same press, which has its effect once; left out: another.
        """
        call = Call(id=call_id or f"button-{uuid4().hex[:12]}", name=action, arguments=arguments)
        return Stream(lambda emit: self._run([call], emit, pressed=True))

    def decide(self, call_id: str, digest: str, *, yes: bool) -> AsyncIterator[Event]:
        """Answer a waiting call, once. See :meth:`told`.

        Args:
            call_id: The waiting call.
            digest: The digest it was shown with: the yes is for exactly those arguments and terms.
            yes: Whether it may run.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """
        return Stream(lambda emit: self._decide(call_id, digest, yes, emit))

    def told(self, shape: Callable[[Decided], list[Any]] = as_messages) -> list[Any]:
        """What the model is to be told of :meth:`decide` and :meth:`press`, each once: add it to the history.

        Args:
            shape: Makes what is added for one; left out: a call and its answer, as chat completions has them.
        """
        decided, self._decided = self._decided, []
        return [each for one in decided for each in shape(one)]

    async def waiting(self) -> list[Waiting]:
        """The calls that wait for this person in this conversation, oldest first."""
        asked = await self._journal.waiting(self.user_id, self.conversation_id)
        return [waiting(one, self.coach.actions.get(one.action)) for one in asked]

    async def correction(self, said: str) -> str | None:
        """What to say after the model's words, where they are not true of pictures; ``None``: nothing.

        They may claim a picture that was not made in this turn, name one that this person does not have, or
        give a link for one. To be asked when the model has no more to say; show the sentences, and keep them
        in the history, so that the model knows them too.

        Args:
            said: All the model said in this turn.
        """
        return await self._witness.correction(said)

    async def _run(self, calls: list[Call], emit: Emit, *, pressed: bool = False) -> None:
        BEGUN.set((self.user_id, self._since))
        phase = self._phase
        version = "" if pressed else self.prompt_version
        asked = [await self._judge.judge(call, phase, version, pressed=pressed) for call in calls]
        tasks: list[asyncio.Task[Outcome]] = []
        told: dict[str, Outcome] = {}
        try:
            # In the order asked, so that a call may build on the one before; pictures side by side.
            for call, one in zip(calls, asked, strict=True):
                answering = self._answer(call, one, phase, emit, pressed=pressed)
                if isinstance(one, Asked) and one.action.spends:
                    tasks.append(asyncio.ensure_future(answering))
                    await asyncio.sleep(0)  # it begins before the next one
                else:
                    told[call.id] = await answering
        finally:
            paid = await all_ended(tasks) if tasks else []
        told |= {outcome.event.call_id: outcome for outcome in paid}
        outcomes = [told[call.id] for call in calls]
        self._moves = [outcome.next for outcome in outcomes if outcome.next is not None]
        if not pressed:
            self.answers = [Answer.of(outcome, self._moves).message for outcome in outcomes]
        await self._proceed(emit)

    async def _run_one(self, call: Call, emit: Emit) -> Answer:
        BEGUN.set((self.user_id, self._since))
        phase = self._phase
        action = self.coach.actions.get(call.name)
        # Before anything is looked up: so they begin in the order they came in, whatever the look-up takes.
        # What may cost money runs beside the others, but the second of an id gets what came of the first.
        async with self._alone[call.id if action is not None and action.spends else ""]:
            asked = await self._judge.judge(call, phase, self.prompt_version, pressed=False)
            outcome = await self._answer(call, asked, phase, emit)
        if outcome.next is not None:
            self._moves.append(outcome.next)
        self.answers.append((answer := Answer.of(outcome, self._moves)).message)
        return answer

    async def _proceed(self, emit: Emit) -> None:
        moves, self._moves = self._moves, []
        # A yes may have moved it since: then what was asked for before leads from where it no longer is.
        if moves and moves[0] in self._phase.next:
            await self._move(moves[0], emit)
        await self._renew()

    async def _answer(
        self, call: Call, asked: Asked | Outcome, phase: Phase, emit: Emit, *, pressed: bool = False
    ) -> Outcome:
        if isinstance(asked, Asked):
            context = self._context(call.id, phase, emit)
            if asked.record.state == "waiting":
                # Only now, when the calls before it in the reply have ended: it may be about what they did.
                asked = await self._questions.bind(asked, context)
        if isinstance(asked, Asked):
            # Somebody else may have begun the same call since it was judged.
            known = await self._journal.begin(asked.record)
            if known is not None:
                asked = self._judge.repeated(call, known, phase)
            elif asked.record.state == "waiting":
                asked = await self._questions.ask(asked.record, asked.action, context)
        if isinstance(asked, Asked):
            outcome = await self._runner.run(asked.action, asked.record, context)
            if asked.action.spends and outcome.event.state != "done":
                del self._meter.made[asked.record.digest]  # what was not made may be asked for again
            asked = outcome
        if pressed:
            self._decided.append(Decided.of("pressed this button", call.parse() or {}, asked.event))
        self._witness.see(asked.event)
        await tell(asked, emit)
        return asked

    async def _decide(self, call_id: str, digest: str, yes: bool, emit: Emit) -> None:
        BEGUN.set((self.user_id, self._since))
        context = self._context(call_id, self._phase, emit)
        record, outcome = await self._questions.decide(digest, self.coach.actions, context, yes=yes)
        self._decided.append(Decided.of("said yes" if yes else "said no", record.arguments, outcome.event))
        self._witness.see(outcome.event)
        await tell(outcome, emit)
        if outcome.next is not None:
            await self._move(outcome.next, emit)
        await self._renew()

    async def _renew(self) -> None:
        if self.prompt_version:  # else nobody asks a model: a button does not fail for what a prompt may know
            await self.refresh()

    async def _move(self, name: str, emit: Emit) -> None:
        previous, self._phase = self._phase.name, self.coach.phase(name)
        await emit(PhaseChanged(phase=name, previous=previous))

    def _context(self, call_id: str, phase: Phase | None = None, emit: Emit | None = None) -> Context:
        phase, emit = phase or self._phase, emit or self._who.emit
        return changed(self._who, call_id=call_id, phase=phase.name, next=phase.next, emit=emit)


async def open_turn(coach: Coach, who: Context, limits: Limits, *, asks: bool = True) -> Turn:
    """Make a turn and render its first prompt, if a model ``asks``. See :meth:`coach.folder.Coach.turn`."""
    if not isinstance(who.user_id, str) or not who.user_id.strip():
        raise InputRefused("A turn needs a person: `user_id` is the host's name for them, and not empty.")
    turn = Turn(coach, who, limits)
    await turn.begin(asks=asks)
    return turn
