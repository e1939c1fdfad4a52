"""Models and engines as the command line prints them: public JSON documents, and text for people.

It knows neither the catalogue nor the engines: they come in as values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from clipcore.engines.choice import Trial, quickest
from clipcore.families.recommended import Purpose
from indexer.cli.documents import EnginesDocument, ModelDocument, TrialDocument
from indexer.cli.output import message_text
from indexer.plurals import counted
from indexer.records.models import ModelOffer, SwitchCost

Models = tuple[Sequence[ModelOffer], str | None]  # the models, and the source of the library's


def models_document(models: Models) -> list[ModelDocument]:
    """The public form of `indexer models --json`."""
    offers, in_use = models
    return [
        {
            "name": one.source,
            "size_bytes": one.size_bytes,
            "search_memory_bytes": one.search_bytes,
            "languages": None if one.languages is None else one.languages.value,
            "suits": [purpose.value for purpose in one.suits],
            "imagenet_zero_shot_top1": one.accuracy,
            "coco_text_to_image_r_at_1": one.recall,
            "crossmodal_3600_english": one.recall_english,
            "crossmodal_3600_chinese": one.recall_chinese,
            "figures_published_in": one.published_in,
            "text_tower_of": one.text_tower_of,
            "licence": one.licence,
            "non_commercial": one.is_non_commercial,
            "cached": one.is_cached,
            "in_use": one.source == in_use,
        }
        for one in offers
    ]


def models_text(models: Models) -> list[str]:
    """The table of models, and the purposes that some are recommended for."""
    offers, in_use = models
    sizes, figures = f"{'size':>8} {'memory':>8}", f"{'ImageNet':>9} {'COCO R@1':>9}"
    width = max(len(one.source) for one in offers)
    lines = [f"{'':2}{'model':{width}} {sizes} {figures}  languages"]
    lines += [_model_line(one, in_use, width) for one in offers]
    lines += ["* the library's model"] if in_use else []
    named = {purpose: one.source for one in offers for purpose in one.suits}
    suits = [f"  {purpose:16} {named[purpose]}" for purpose in Purpose if purpose in named]
    return [
        *lines,
        "memory: the most that a search takes, on a processor",
        "Recommended for",
        *suits,
    ]


def _model_line(one: ModelOffer, in_use: str | None, width: int) -> str:
    mark = "*" if one.source == in_use else ""
    sizes = f"{_megabytes(one.size_bytes)} {_megabytes(one.search_bytes)}"
    figures = f"{_percent(one.accuracy)} {_percent(one.recall)}"
    notes = ["cached"] if one.is_cached else []
    notes += ["non-commercial licence"] if one.is_non_commercial else []
    notes += [f"text tower for {one.text_tower_of}"] if one.text_tower_of else []
    languages = one.languages or ""
    line = f"{mark:2}{one.source:{width}} {sizes} {figures}  {languages:9} {', '.join(notes)}"
    return line.rstrip()


def _megabytes(size_bytes: int | None) -> str:
    return f"{size_bytes / 1e6:>5.0f} MB" if size_bytes else f"{'':>8}"


def _percent(share: float | None) -> str:
    return f"{'':>9}" if share is None else f"{100 * share:>7.1f} %"


Examined = tuple[str, Mapping[str, Sequence[Trial]]]  # a model's id, and the trials of each side


def engines_document(examined: Examined) -> EnginesDocument:
    """The public form of `indexer doctor --json`."""
    model_id, sides = examined
    return {
        "model": model_id,
        "engines": {
            side: [_trial_document(trial, trial == quickest(trials)) for trial in trials]
            for side, trials in sides.items()
        },
    }


def _trial_document(trial: Trial, used: bool) -> TrialDocument:
    return {
        "engine": trial.engine,
        "cosine": trial.cosine,
        "inputs_per_s": trial.inputs_per_s,
        "refused": message_text(trial.refused),
        "asked_for": trial.asked_for,
        "used": used,
    }


def engines_text(examined: Examined) -> list[str]:
    """The result of each engine; a star marks the one in use."""
    model_id, sides = examined
    lines = [f"model  {model_id}"]
    for side, trials in sides.items():
        lines += [_engine_line(side, trial, trial == quickest(trials)) for trial in trials]
    return [*lines, "* in use"]


def _engine_line(side: str, trial: Trial, used: bool) -> str:
    result = trial.refused and f"refused: {trial.refused}"
    result = result or f"{trial.inputs_per_s:8.1f} {side}s/s  cosine {trial.cosine:.5f}"
    return f"{'*' if used else ' '} {side:6} {trial.engine:18} {result}"


def switch_text(source: str, cost: SwitchCost, *, daemon_runs: bool) -> list[str]:
    """The cost of switching to a model, and the process that does it."""
    photos = counted(cost.photos, "photo")
    lines = [f"{photos} to embed with {source}, {cost.disk_bytes / 1e6:.0f} MB"]
    if cost.seconds is not None:
        about = "" if cost.measured else "about "
        lines[0] += f", {about}{timedelta(seconds=round(cost.seconds))}"
    if daemon_runs:
        lines.append("The daemon is switching; searches use the old model until it is done.")
    else:
        lines.append(f"No daemon is running: 'indexer rebuild --model {source}' switches now.")
    return lines


def text_tower_text(name: str, model: str) -> list[str]:
    """The text tower that embeds queries from now on, and the way back."""
    if name == model:
        return [f"The text tower of {model} embeds queries now"]
    return [
        f"{name} embeds queries now; no photo is embedded again",
        f"'indexer models use {model} --text-only' goes back.",
    ]
