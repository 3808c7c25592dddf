"""``coach sandbox``: the stand-in for the outside services, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def sandbox(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8765,
    delay: Annotated[float, typer.Option(min=0, help="Seconds a picture takes.")] = 1.5,
) -> None:
    """Run the sandbox: a strict stand-in for the picture and chat services, on this machine only."""
    from coach.sandbox import Sandbox

    with Sandbox(port=port, delay=delay) as service:
        typer.echo(
            "The sandbox is listening. Its pictures are drawn, not made by a model. In another terminal:\n\n"
            f"  export OPENAI_BASE_URL={service.base_url}\n"
            f"  export OPENAI_API_KEY={service.api_key}\n\n"
            f"What it received: {service.base_url.removesuffix('/v1')}/sandbox/log   Stop it with Ctrl-C."
        )
        service.wait()
