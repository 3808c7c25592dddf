"""Personas: pictures of invented people, from a base selfie to as many as are wanted.

::

    persona = Persona(firstname="Logan", lastname="Fitzroy", bio_facebook="Hikes, codes, cooks.")
    made = await make_persona(persona, studio=studio, store=store, ctx=ctx, writer=writer, images=8)
    await store.blobs.link(made.pictures[0].blob, 3600)

:mod:`coach.personas.functions` has the same as functions from bytes to bytes. See `docs/personas.md`.
"""

from coach.personas.flowise import FlowiseSettings, FlowiseWriter
from coach.personas.make import PersonaPictures, Stage, Step, make_persona
from coach.personas.persona import Persona
from coach.personas.trouble import Trouble, trouble
from coach.personas.writers import ModelWriter, Writer

__all__ = [
    "FlowiseSettings",
    "FlowiseWriter",
    "ModelWriter",
    "Persona",
    "PersonaPictures",
    "Stage",
    "Step",
    "Trouble",
    "Writer",
    "make_persona",
    "trouble",
]
