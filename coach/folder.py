"""A coach: what :func:`load` makes of a coach folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from coach._calls import Limits
from coach.action import Action
from coach.check import prove, read, unprovided
from coach.context import Context, ContextKey, gather_context
from coach.errors import CoachError, FolderError, NotFound
from coach.pending import Journal, MemoryJournal
from coach.phase import Phase
from coach.prompt import Prompts, Rendered

if TYPE_CHECKING:
    from coach.turn import Turn

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True, eq=False)
class Coach:
    """A coach that was loaded and proved. Made by :func:`load`.

    Attributes:
        name: The folder's name, or the last part of its package's.
        folder: The folder.
        package: The package its modules belong to.
        actions: What the model, or a button, may do, by name.
        context: What a prompt may know, by name.
        phases: The phases by name.
        prompts: Every prompt, also those for pictures.
        first_phase: The phase a conversation begins in.
        common: The context keys that ``coach.md`` uses: gathered in every phase.
        services: What actions and context keys may ask for, by name. ``prompts`` is always there.
    """

    name: str
    folder: Path
    package: str
    actions: Mapping[str, Action[..., Any]] = field(repr=False)
    context: Mapping[str, ContextKey[..., Any]] = field(repr=False)
    phases: Mapping[str, Phase] = field(repr=False)
    prompts: Prompts = field(repr=False)
    first_phase: str
    common: tuple[str, ...] = ()
    services: Mapping[str, object] = field(default_factory=dict, repr=False)
    _journal: Journal = field(default_factory=MemoryJournal, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.services.get("calls", self._journal), Journal):
            raise CoachError(
                "The service `calls` is where calls are recorded: a `coach.Journal`. Give yours another name."
            )

    @property
    def journal(self) -> Journal:
        """Where calls are recorded: the service ``calls``, or this process's memory without one."""
        return cast("Journal", self.services.get("calls", self._journal))

    def with_services(self, /, **services: object) -> Coach:
        """The same coach with more services, or other ones under the same names.

        Raises:
            FolderError: An action or a context key asks for a service that is still not there.
            CoachError: The service ``calls`` is no :class:`~coach.pending.Journal`.
        """
        given = {**self.services, **services}
        if missing := sorted(unprovided(self.folder, self.actions, self.context, given)):
            raise FolderError(self.folder, missing)
        return replace(self, services=given)

    def service(self, name: str, kind: type[S]) -> S:
        """A service of a certain type.

        Raises:
            CoachError: The coach was not given it.
        """
        found = self.perhaps(name, kind)
        if found is None:
            raise CoachError(f"The coach needs the service `{name}`; give it to `load(…, {name}=…)`.")
        return found

    def perhaps(self, name: str, kind: type[S]) -> S | None:
        """A service of a certain type; ``None``: the coach was not given it."""
        found = self.services.get(name)
        return found if isinstance(found, kind) else None

    def phase(self, name: str) -> Phase:
        """One phase.

        Raises:
            NotFound: The coach has no such phase.
        """
        if name not in self.phases:
            raise NotFound("phase", name)
        return self.phases[name]

    def keys(self, phase: str) -> list[ContextKey[..., Any]]:
        """The context keys a phase's whole prompt uses: those of ``coach.md``, then its own.

        Raises:
            NotFound: The coach has no such phase.
        """
        names = dict.fromkeys((*self.common, *self.phase(phase).context))
        return [self.context[name] for name in names]

    async def render(self, phase: str, ctx: Context) -> Rendered:
        """The whole system text of a phase for one person: ``coach.md`` and the phase's own prompt.

        Only the context keys that these two name are asked, all at once.

        Raises:
            NotFound: The coach has no such phase.
            ContextError: A context key failed.
            PromptError: The prompt cannot be rendered from what they gave.
        """
        values = await gather_context(self.keys(phase), ctx, self.services)
        return self.prompts.system(self.phase(phase).template, values)

    async def turn(
        self,
        *,
        user_id: str,
        phase: str | None = None,
        conversation_id: str = "",
        tenant: str = "",
        limits: Limits | None = None,
    ) -> Turn:
        """Begin a turn, for those who ask the model themselves.

        Args:
            user_id: The person, as the host application knows them; no other tenant's person has the same id.
            phase: The phase the conversation is in; left out, the first one.
            conversation_id: The conversation; its calls are recorded under it.
            tenant: Whose customer the person is, where the host serves several; budgets can be set for each.
            limits: How much the turn may do.

        Raises:
            NotFound: The coach has no such phase.
            ContextError: What the prompt may know could not be gathered.
        """
        from coach.turn import open_turn

        who = Context(
            user_id=user_id, tenant=tenant, conversation_id=conversation_id, phase=phase or self.first_phase
        )
        return await open_turn(self, who, limits or Limits())


def load(source: str | Path, /, **services: object) -> Coach:
    """Load a coach folder: it is code, so load none that you would not run.

    Args:
        source: A path (a ``Path``, or text with a slash or a leading dot), the name of a package that is a
            coach folder, or the name an installed package offers one under (entry point ``coach.folders``).
            A package is the better home: its modules keep their natural names.
        services: What its actions and context keys may ask for, by name. Without any, who needs what is not
            checked until :meth:`Coach.with_services` gives some. The one named ``calls`` records calls: a
            :class:`~coach.pending.Journal`.

    Raises:
        FolderError: The folder has errors; ``findings`` holds all of them.
        CoachError: The service ``calls`` is no ``Journal``.

    Loaded again, a folder whose Python has not changed gives the same classes. One that changed is imported
    anew, under another package name. (Two edits within a second that keep a file's size are one edit to
    Python's own bytecode cache.)
    """
    draft = read(source)
    findings = prove(draft, {*services, "prompts"} if services else None)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or draft.coach is None:
        raise FolderError(draft.folder, errors)
    draft.prompts.compile()
    return Coach(
        name=draft.name,
        folder=draft.folder,
        package=draft.package,
        actions=draft.actions,
        context=draft.context,
        phases=draft.phases,
        prompts=draft.prompts,
        first_phase=str(draft.coach.front["first"]),
        common=draft.common,
        services={"prompts": draft.prompts, **services},
    )
