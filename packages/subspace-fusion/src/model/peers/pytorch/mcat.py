"""MCAT in PyTorch modules: Chen et al. 2021, in the widths of its public code. Writes mcat.json."""
import torch
from torch import nn

from blocks import GatedPool, MultiHeadAttention, SelfNormalising, TransformerLayer, check_transformer_layer
from common import PAPER_SIZE, SIZE, write


class Modality(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.name = name
        for i in range(2):
            self.add_module(str(i), TransformerLayer(f"{name}.{i}", 256, 8, 512, 0.25))
        self.pool = GatedPool(f"{name}.pool", 256, 256)
        self.vector = nn.Linear(256, 256)

    def forward(self, h, drop):
        for i in range(2):
            h = self.get_submodule(str(i))(h, drop)
        return drop(f"{self.name}.vector", self.vector(self.pool(h, drop)).relu(), 0.25)


class Mcat(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.sizes = list(size["genes"].values())
        self.patches = nn.Linear(size["patchWidth"], 256)
        self.genes = nn.ModuleList(SelfNormalising(f"genes.{g}", n, 256, 256) for g, n in enumerate(self.sizes))
        self.coattention = MultiHeadAttention("coattention", 256, 1)
        self.histology, self.expression = Modality("histology"), Modality("expression")
        self.fusion = nn.ModuleList([nn.Linear(512, 256), nn.Linear(256, 256)])
        self.head = nn.Linear(256, size["classes"])

    def forward(self, X, genes, drop):
        patches = drop("patches", self.patches(X).relu(), 0.25)
        groups = torch.split(genes, self.sizes, dim=1)
        tokens = torch.stack([encode(x, drop) for encode, x in zip(self.genes, groups)], 1)
        seen = self.coattention(tokens, patches, drop)
        h = torch.cat([self.histology(seen, drop), self.expression(tokens, drop)], 1)
        for layer in self.fusion:
            h = layer(h).relu()
        return self.head(h)


if __name__ == "__main__":
    check_transformer_layer()
    write("mcat", Mcat(PAPER_SIZE), Mcat(SIZE), [36])
    six = {**PAPER_SIZE, "genes": dict(enumerate([100, 200, 300, 400, 500, 600]))}
    print("with six groups:", sum(p.numel() for p in Mcat(six).parameters()))
