"""Pathomic Fusion in PyTorch modules, for bags of patches: Chen et al. 2020, in the widths of MCAT's public code.
Writes pathomic.json."""
import torch
from torch import nn

from blocks import GatedPool, SelfNormalising
from common import PAPER_SIZE, SIZE, write


class Gate(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.embed, self.gate, self.out = nn.Linear(256, 32), nn.Linear(512, 32), nn.Linear(32, 32)

    def forward(self, own, both, drop):
        return drop(f"{self.name}.out", self.out(self.gate(both).sigmoid() * self.embed(own).relu()).relu(), 0.25)


class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Gate("fusion.first"), Gate("fusion.second")
        self.add_module("0", nn.Linear(33 * 33, 256))
        self.add_module("1", nn.Linear(256, 256))

    def forward(self, a, b, drop):
        both = torch.cat([a, b], 1)
        sides = (self.first(a, both, drop), self.second(b, both, drop))
        a1, b1 = (nn.functional.pad(side, (0, 1), value=1.0) for side in sides)
        h = drop("fusion.product", torch.stack([torch.kron(x, y) for x, y in zip(a1, b1)]), 0.25)
        for i in ("0", "1"):
            h = drop(f"fusion.{i}", self.get_submodule(i)(h).relu(), 0.25)
        return h


class Pathomic(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.patches = nn.Linear(size["patchWidth"], 512)
        self.pool = GatedPool("pool", 512, 256)
        self.vector = nn.Linear(512, 256)
        self.genes = SelfNormalising("genes", sum(size["genes"].values()), 256, 256)
        self.fusion = Fusion()
        self.head = nn.Linear(256, size["classes"])

    def forward(self, X, genes, drop):
        patches = drop("patches", self.patches(X).relu(), 0.25)
        histology = drop("vector", self.vector(self.pool(patches, drop)).relu(), 0.25)
        return self.head(self.fusion(histology, self.genes(genes, drop), drop))


if __name__ == "__main__":
    write("pathomic", Pathomic(PAPER_SIZE), Pathomic(SIZE), [36])
