"""Sizes of a model, read off the names and shapes of its tensors.

Each raises CheckpointMismatch if a tensor that tells a size is missing or cannot be one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from clipcore.errors import CheckpointMismatch
from clipcore.messages import N_

if TYPE_CHECKING:
    from torch import Tensor


def shape(header: Mapping[str, Tensor], name: str, rank: int) -> tuple[int, ...]:
    """The shape of a tensor, which has so many dimensions."""
    if name not in header:
        raise CheckpointMismatch(
            N_("the checkpoint has no tensor {name}, so it is not a CLIP model"), name=name
        )
    found = tuple(header[name].shape)
    if len(found) != rank:
        raise CheckpointMismatch(
            N_("{name} has shape {shape}; {rank} dimensions were expected"),
            name=name,
            shape=found,
            rank=rank,
        )
    return found


def grid(header: Mapping[str, Tensor], name: str, others: int = 1) -> int:
    """The side of a square of positions; `others` of them are the class token or the mean."""
    positions = shape(header, name, 2)[0] - others
    side = math.isqrt(max(positions, 0))
    if side < 1 or side**2 != positions:
        raise CheckpointMismatch(
            N_("{name} has {positions} positions and {others}: that is no square"),
            name=name,
            positions=positions,
            others=others,
        )
    return side


def count(header: Mapping[str, Tensor], prefix: str) -> int:
    """The number of numbered blocks under a name."""
    numbers = {name[len(prefix) :].split(".")[0] for name in header if name.startswith(prefix)}
    blocks = [int(number) for number in numbers if number.isdigit()]
    if not blocks:
        raise CheckpointMismatch(N_("the checkpoint has no tensors under {prefix}"), prefix=prefix)
    return max(blocks) + 1


def heads(tower: str, width: int, head_width: int) -> int:
    """The number of heads so wide that fill a width."""
    if head_width < 1 or width % head_width:
        raise CheckpointMismatch(
            N_("{tower} tower: heads {head_width} wide do not fill {width}"),
            tower=tower,
            head_width=head_width,
            width=width,
        )
    return width // head_width
