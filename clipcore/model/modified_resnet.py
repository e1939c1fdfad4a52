"""CLIP's ResNet: (B, 3, R, R) pixels -> (B, D) features, the same contract as the ViT's.

It differs from the common ResNet in three ways: a stem of three convolutions with an average pool
(He et al. 2019, ResNet-D), average pools in front of strided convolutions against aliasing
(Zhang 2019), and attention with the mean feature as its only query in place of the last pool.
Knows nothing of files or texts. Reference code: openai/CLIP `model.py`, class ModifiedResNet.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clipcore.model.config import VisionConfig
from clipcore.model.layers import merge_heads, split_heads


class Bottleneck(nn.Module):
    """1x1, 3x3, pool, 1x1 with a residual; every convolution has stride 1, the pools stride."""

    expansion = 4

    def __init__(self, inplanes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        outplanes = planes * self.expansion
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu2 = nn.ReLU()
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, outplanes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outplanes)
        self.relu3 = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inplanes != outplanes:
            self.downsample = self._downsample(inplanes, outplanes, stride)

    @staticmethod
    def _downsample(inplanes: int, outplanes: int, stride: int) -> nn.Sequential:
        layers: list[tuple[str, nn.Module]] = [
            ("-1", nn.AvgPool2d(stride)),
            ("0", nn.Conv2d(inplanes, outplanes, 1, bias=False)),
            ("1", nn.BatchNorm2d(outplanes)),
        ]
        return nn.Sequential(OrderedDict(layers))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))  # (B, planes, h, w)
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.avgpool(y)  # (B, planes, h/stride, w/stride)
        y = self.bn3(self.conv3(y))  # (B, 4 planes, h/stride, w/stride)
        out: Tensor = self.relu3(y + self.downsample(x))
        return out


class AttentionPool2d(nn.Module):
    """Pools a grid of features by attention: the query is their mean."""

    def __init__(self, grid: int, width: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(grid**2 + 1, width))
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, grid, grid) -> (B, D)."""
        x = x.flatten(2).transpose(1, 2)  # (B, grid**2, width)
        x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1)  # (B, grid**2 + 1, width)
        x = x + self.positional_embedding
        q = split_heads(self.q_proj(x[:, :1]), self.heads)  # (B, heads, 1, width/heads)
        k = split_heads(self.k_proj(x), self.heads)  # (B, heads, grid**2 + 1, width/heads)
        v = split_heads(self.v_proj(x), self.heads)
        pooled = merge_heads(F.scaled_dot_product_attention(q, k, v))  # (B, 1, width)
        out: Tensor = self.c_proj(pooled[:, 0])  # (B, D)
        return out


class ModifiedResNet(nn.Module):
    """Stem, four layers of bottlenecks, attention pool; the grid shrinks by 32 in all."""

    def __init__(self, config: VisionConfig, embed_dim: int) -> None:
        super().__init__()
        width = config.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.relu3 = nn.ReLU()
        self.avgpool = nn.AvgPool2d(2)
        blocks = config.blocks
        self.layer1 = self._layer(width, width, blocks[0], stride=1)
        self.layer2 = self._layer(width * 4, width * 2, blocks[1], stride=2)
        self.layer3 = self._layer(width * 8, width * 4, blocks[2], stride=2)
        self.layer4 = self._layer(width * 16, width * 8, blocks[3], stride=2)
        grid = config.image_size_px // 32
        self.attnpool = AttentionPool2d(grid, width * 32, config.heads, embed_dim)

    @staticmethod
    def _layer(inplanes: int, planes: int, blocks: int, stride: int) -> nn.Sequential:
        first = Bottleneck(inplanes, planes, stride)
        rest = (Bottleneck(planes * Bottleneck.expansion, planes) for _ in range(1, blocks))
        return nn.Sequential(first, *rest)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D), raw: not of unit length."""
        x = self.relu1(self.bn1(self.conv1(pixels)))  # (B, width/2, R/2, R/2)
        x = self.relu2(self.bn2(self.conv2(x)))
        x = self.relu3(self.bn3(self.conv3(x)))  # (B, width, R/2, R/2)
        x = self.avgpool(x)  # (B, width, R/4, R/4)
        x = self.layer1(x)  # (B, 4 width, R/4, R/4)
        x = self.layer2(x)  # (B, 8 width, R/8, R/8)
        x = self.layer3(x)  # (B, 16 width, R/16, R/16)
        x = self.layer4(x)  # (B, 32 width, R/32, R/32)
        out: Tensor = self.attnpool(x)  # (B, D)
        return out
