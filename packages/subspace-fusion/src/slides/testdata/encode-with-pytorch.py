"""Encodes two patches with a small convolutional encoder in PyTorch, and resizes a picture, and writes both to pytorch.json.

    python encode-with-pytorch.py > pytorch.json        (PyTorch 2.13)

Weights and pixels are formulas of their place, so that another program can have the same without a file.
"""

import json

import numpy as np
import torch
from torch.nn.functional import conv2d, interpolate

SIZE = 16
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def weights(*shape):
    """0.3 sin(0.7 i + 1) at place i."""
    return torch.from_numpy((0.3 * np.sin(0.7 * np.arange(np.prod(shape)) + 1)).astype(np.float32).reshape(shape))


def pixels(*shape):
    """Value (37 i + i² mod 101) mod 256 at place i, [n, row, column, channel]."""
    i = np.arange(np.prod(shape))
    return torch.from_numpy(((37 * i + i * i % 101) % 256).astype(np.float32).reshape(shape))


patches = pixels(2, SIZE, SIZE, 3).permute(0, 3, 1, 2) / 255
images = (patches - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
maps = conv2d(images, weights(4, 3, 3, 3), weights(4), stride=2, padding=1).relu()
maps = conv2d(maps, weights(6, 4, 3, 3), weights(6), padding=1).relu()

picture = pixels(1, 11, 13, 3).permute(0, 3, 1, 2)
resized = {
    f'{height} x {width}': interpolate(picture, size=(height, width), mode='bilinear', antialias=True)[0].permute(1, 2, 0).flatten().tolist()
    for height, width in [(5, 6), (11, 4), (7, 13), (22, 26)]
}
print(json.dumps({'features': maps.mean((2, 3)).tolist(), 'first': maps[0].flatten().tolist(), 'resized': {k: [round(v, 3) for v in values] for k, values in resized.items()}}))
