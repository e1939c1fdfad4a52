"""The commands around models: which there are, download one, and what computes it best here."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Annotated

import typer

from indexer.cli.forms import JsonOption, print_as
from indexer.cli.options import (
    LibraryOption,
    configure_logging,
    errors_alone,
    library_at,
    some,
    stops_with,
)
from indexer.cli.terminal import print_lines
from indexer.errors import LibraryNotFound

app = typer.Typer()
models_app = typer.Typer(help="List models, download one, or switch to one.")

Name = Annotated[str, typer.Argument(parser=some, metavar="NAME")]
TextOnlyOption = Annotated[
    bool,
    typer.Option(
        "--text-only",
        help="Search the present embeddings with this text tower, now; no photo is embedded again. "
        "The library's own model goes back.",
    ),
]


@models_app.callback()
def models(context: typer.Context, library: LibraryOption, as_json: JsonOption = False) -> None:
    """List the models: size, published accuracy, which are cached, which is in use."""
    from indexer.cli import model_output
    from indexer.library.models import known_offers

    if context.invoked_subcommand is not None:
        return
    in_use, offers = None, known_offers()
    with suppress(LibraryNotFound), library_at(library) as opened:
        in_use, offers = opened.model.source, opened.models.offers()
    print_as((offers, in_use), model_output.models_document, model_output.models_text, as_json)


@models_app.command("pull")
def models_pull(name: Name) -> None:
    """Download a model, to have it without a network."""
    from clipcore.families.registry import pull

    with stops_with("what has been downloaded stays, the same command goes on"):
        weights = pull(name)
    print_lines([f"{name} needs no download" if weights is None else str(weights)])


@models_app.command("use")
def models_use(name: Name, library: LibraryOption, text_only: TextOnlyOption = False) -> None:
    """Request another model from the daemon, downloaded if needed, and show the cost.

    Searches use the old model until the switch is done. The library's own model cancels a request.
    """
    from clipcore.families.registry import find, pull
    from indexer.cli import model_output

    configure_logging(logging.ERROR)
    with library_at(library) as opened:
        name = opened.models.source_of(name)
        if text_only:
            opened.use_text_tower(name)
            print_lines(model_output.text_tower_text(name, opened.model.source))
            return
        if name == opened.model.source:
            opened.models.cancel_request()
            print_lines([f"{name} is the library's model"])
            return
        if (known := find(name)) and known.text_tower_of is None:
            pull(name)
        cost = opened.models.cost(name)
        opened.models.request_switch(name)
        daemon_runs = opened.status().daemon is not None
    print_lines(model_output.switch_text(name, cost, daemon_runs=daemon_runs))


@app.command()
def doctor(library: LibraryOption, as_json: JsonOption = False) -> None:
    """Try every engine of this machine with the library's model, and use the fastest."""
    from clipcore import try_engines
    from clipcore.engines.choice import examine
    from clipcore.families.text_tower import TextTower
    from indexer.cli import model_output

    configure_logging(logging.WARNING)
    with errors_alone("clipcore.engines.choice"), library_at(library) as opened:
        sides = try_engines(opened.model.source)
        if opened.model.text is not None:
            sides |= examine(TextTower(opened.model.text))
        examined = opened.model_id, sides
    print_as(examined, model_output.engines_document, model_output.engines_text, as_json)
