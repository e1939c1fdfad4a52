"""The commands around models: which there are, download one, and what computes it best here."""

from __future__ import annotations

import logging
from contextlib import suppress

import typer

from indexer import report
from indexer.cli_options import JsonOption, LibraryOption, configure_logging, library_at, print_as
from indexer.errors import LibraryNotFound

app = typer.Typer()
models_app = typer.Typer(help="List the models, or download one ahead.")


@models_app.callback()
def models(context: typer.Context, library: LibraryOption, as_json: JsonOption = False) -> None:
    """List the models: size, published accuracy, whether it is here, which one is in use."""
    from clipcore.checkpoints import list_models

    if context.invoked_subcommand is not None:
        return
    in_use = None
    with suppress(LibraryNotFound), library_at(library) as opened:
        in_use = opened.model.source
    print_as((list_models(), in_use), report.models_document, report.models_text, as_json)


@models_app.command("pull")
def models_pull(name: str) -> None:
    """Download a model ahead, so that it is here when there is no network."""
    from clipcore.checkpoints import pull

    typer.echo(pull(name).weights)


@app.command()
def doctor(library: LibraryOption, as_json: JsonOption = False) -> None:
    """Try what this machine can compute the library's model with; the quickest is used then."""
    from clipcore import try_engines

    configure_logging(logging.ERROR)
    with library_at(library) as opened:
        examined = opened.model_id, try_engines(opened.model.source)
    print_as(examined, report.engines_document, report.engines_text, as_json)
