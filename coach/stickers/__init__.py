"""Stickers: the job spec, our own writer of it, and what makes a sticker of a service's picture.

From the spec to the file: :func:`~coach.stickers.write.write_spec`, a picture from any service, then
:func:`~coach.stickers.finish.finish`, :func:`~coach.stickers.gate.check` and, of several,
:func:`~coach.stickers.pack.contact_sheet`.
"""
