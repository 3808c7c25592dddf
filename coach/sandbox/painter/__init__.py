"""Pictures the sandbox draws: a painted scene, and in it the person of the photo that was sent.

The face is the photo's own; everything around it is painted from the words of the prompt. The same request
gives the same picture. Each says on its face, and in its metadata, that it is not a real picture.
"""

from coach.sandbox.painter.compose import Commission, Picture, paint
from coach.sandbox.painter.drift import other_face
from coach.sandbox.painter.quick import png_chunk, quick
from coach.sandbox.painter.sign import NOTE, Mark, encode, preview, read_mark

__all__ = [
    "NOTE",
    "Commission",
    "Mark",
    "Picture",
    "encode",
    "other_face",
    "paint",
    "png_chunk",
    "preview",
    "quick",
    "read_mark",
]
