"""What the peers' references share: numbers that the tests draw too, and the form of a fixture.

Parameters, inputs and dropout masks come from the counter-based generator of src/random/counter.ts, so that a fixture holds
results only. All is computed in float64 from inputs rounded to float32.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch

SIZE = {"patchWidth": 8, "genes": {"tumour": 5, "microenvironment": 7}, "classes": 4}
PAPER_SIZE = {"patchWidth": 1024, "genes": {"tumour": 59, "microenvironment": 361}, "classes": 4}
SAMPLES = 2
ELEMENTS = 8  # of each gradient in the fixture
FLOOR = -1.7580993408473766  # −λα of SELU


def mix(x):
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
        return x ^ (x >> np.uint32(16))


def key(seed, name):
    h = 0x811C9DC5
    for unit in name:
        h = ((h ^ ord(unit)) * 0x01000193) & 0xFFFFFFFF
    return mix(np.uint32((int(mix(np.uint32(seed))) + 0x9E3779B9 + h) & 0xFFFFFFFF))


def uniform(seed, name, shape):
    """Uniform on [0, 1)."""
    i = np.arange(math.prod(shape), dtype=np.uint64)
    bits = mix(((i * 0x9E3779B1 + int(key(seed, name))) & 0xFFFFFFFF).astype(np.uint32))
    return (bits / 4294967296).reshape(shape)


def signed(seed, name, shape):
    """Uniform on [−1, 1), in float32's precision."""
    return torch.from_numpy((2 * uniform(seed, name, shape) - 1).astype(np.float32)).double()


def parameters(model):
    """Parameters by the names of the tests: LayerNorm's weight and bias are scale and shift."""
    norms = {name for name, module in model.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    for name, p in model.named_parameters():
        owner, _, last = name.rpartition(".")
        yield (f"{owner}.{'scale' if last == 'weight' else 'shift'}" if owner in norms else name), p


@torch.no_grad()
def draw_parameters(model):
    """Matrices and kernels of variance 1/fan_in, vectors within ±0.1, scales around 1."""
    for name, p in parameters(model):
        bound = math.sqrt(3 / math.prod(p.shape[1:])) if p.dim() > 1 else 0.1
        drawn = torch.from_numpy((bound * (2 * uniform(1, name, tuple(p.shape)) - 1)).astype(np.float32)).double()
        p.copy_((1 + drawn).float().double() if name.endswith(".scale") else drawn)


class Dropout:
    """Dropout by masks that the tests draw too; `sample` is the one that is computed on, where one is at a time."""

    def __init__(self, active):
        self.active = active
        self.sample = None

    def kept(self, site, x, rate):
        shape = x.shape if self.sample is None else (SAMPLES, *x.shape[1:])
        keep = torch.from_numpy((uniform(5, f"dropout.{site}", tuple(shape)) >= rate).astype(np.float64))
        return keep if self.sample is None else keep[self.sample : self.sample + 1]

    def __call__(self, site, x, rate):
        return x * self.kept(site, x, rate) / (1 - rate) if self.active else x

    def alpha(self, site, x, rate):
        if not self.active:
            return x
        keep = self.kept(site, x, rate)
        a = ((1 - rate) * (1 + rate * FLOOR**2)) ** -0.5
        return a * (x * keep + FLOOR * (1 - keep)) - a * FLOOR * rate


def check_alpha_dropout():
    """PyTorch's AlphaDropout takes each element to one of the two values that Dropout.alpha takes it to."""
    x = torch.linspace(-2, 3, 1000, dtype=torch.float64)
    y = torch.nn.AlphaDropout(0.25).train()(x)
    a = (0.75 * (1 + 0.25 * FLOOR**2)) ** -0.5
    kept, dropped = a * x - a * FLOOR * 0.25, torch.full_like(x, a * FLOOR - a * FLOOR * 0.25)
    assert bool((torch.isclose(y, kept, atol=1e-6) | torch.isclose(y, dropped, atol=1e-6)).all())


def inputs(tokens):
    genes = {name: signed(6, name, (SAMPLES, n)) * 2 for name, n in SIZE["genes"].items()}
    return signed(6, "X", (SAMPLES, tokens, SIZE["patchWidth"])) * 2, torch.cat([genes["tumour"], genes["microenvironment"]], 1)


def numbers(x):
    return [float(f"{v:.10g}") for v in x.reshape(-1).tolist()]


def digest(name, gradient):
    """A gradient's length, its product with a fixed vector, and some of its elements."""
    g = gradient.reshape(-1)
    places = np.floor(uniform(3, name, (ELEMENTS,)) * len(g)).astype(np.int64)
    along = (g * signed(2, name, (len(g),))).sum()
    return {"norm": numbers(g.norm())[0], "along": numbers(along)[0], "elements": numbers(g[torch.from_numpy(places)])}


def case(model, tokens, dropped):
    """
    Logits, auxiliary losses if there are any, and the gradients of their weighted sum. `model.forward` takes bag, genes and
    dropout, and returns logits, or logits and auxiliary losses.
    """
    model.zero_grad()
    X, genes = inputs(tokens)
    returned = model(X, genes, Dropout(dropped))
    outputs = dict(zip(("logits", "auxiliary"), returned if isinstance(returned, tuple) else (returned,)))
    sum((y * signed(4, name, tuple(y.shape))).sum() for name, y in outputs.items()).backward()
    gradients = {name: digest(name, p.grad) for name, p in parameters(model)}
    return {"tokens": tokens, "dropped": dropped, **{name: numbers(y) for name, y in outputs.items()}, "gradients": gradients}


def count(model):
    return sum(p.numel() for p in model.parameters())


def write(name, paper, small, tokens):
    """The fixture `name`.json: numbers of parameters, shapes, and cases with and without dropout."""
    check_alpha_dropout()
    model = small.double()
    draw_parameters(model)
    fixture = {
        "parameterCount": count(paper),
        "shapes": {name: list(p.shape) for name, p in parameters(model)},
        "cases": [case(model, n, dropped) for n in tokens for dropped in (False, True)],
    }
    Path(__file__).with_name(f"{name}.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
