"""What was read off a checkpoint once is known the next time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import seeded

from clipcore.checkpoints.config_cache import Sizes, sizes
from clipcore.engines.json_cache import cache_path
from clipcore.families.clip import ClipEncoder
from clipcore.model.config import TowerFacts

ENGINE = "openvino-float32"
AGAIN = """
import sys
import numpy as np
from clipcore import open_encoder

encoder = open_encoder(sys.argv[1], engine=sys.argv[2])
encoder.embed_texts(["a cat"])
encoder.embed_images(np.zeros((1, 3, 64, 64), np.float32))
print(encoder.model_id, encoder.logit_scale, "torch" in sys.modules)
"""


def never() -> Sizes:
    raise AssertionError("they are known")


@pytest.mark.parametrize("name", ["TINY", "TINY_RESNET"])
def test_sizes_are_recalled_as_they_were(name: str) -> None:
    facts = TowerFacts(quick_gelu=False)
    found = Sizes(seeded.clip_config(getattr(seeded, name)), 2.5)
    assert sizes(name, facts, lambda: found) == found
    assert sizes(name, facts, never) == found
    other = Sizes(found.config, 3.5)
    assert sizes(name, TowerFacts(quick_gelu=True), lambda: other) == other


def test_unusable_cache_is_reported_once_and_sizes_are_measured_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    found = Sizes(seeded.clip_config(seeded.TINY), 2.5)
    assert sizes("a", TowerFacts(False), lambda: found) == found
    assert sizes("b", TowerFacts(False), lambda: found) == found
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        f"the cache directory {in_the_way}/recollect cannot be used"
    ]


@pytest.mark.slow
def test_opening_a_checkpoint_again_needs_no_torch(tmp_path: Path) -> None:
    source = seeded.write_open_clip(tmp_path / "model")
    first = ClipEncoder(source, engine=ENGINE)
    first.embed_texts(["a cat"])
    first.embed_images(np.zeros((1, 3, 64, 64), np.float32))
    command = [sys.executable, "-c", AGAIN, str(source), ENGINE]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.split() == [first.model_id, str(first.logit_scale), "False"]
    assert (cache_path() / "checkpoints.json").exists()
