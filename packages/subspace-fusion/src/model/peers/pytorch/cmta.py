"""CMTA in PyTorch modules: Zhou and Chen 2023, in the widths of its public code, one slide at a time as that runs.
Writes cmta.json, of narrow tokens, and cmta-wide.json, of the paper's width."""
import torch
from torch import nn

from blocks import MultiHeadAttention, SelfNormalising
from common import PAPER_SIZE, SIZE, write
from transmil import NystromLayer, Position


class Transformer(nn.Module):
    def __init__(self, name, width, position):
        super().__init__()
        self.classToken = nn.Parameter(torch.zeros(1, 1, width))
        self.layer1, self.layer2 = (NystromLayer(width, f"{name}.{layer}") for layer in ("layer1", "layer2"))
        self.norm = nn.LayerNorm(width)
        self.position = Position(width) if position else None

    def forward(self, x, drop):
        h = self.layer1(torch.cat([self.classToken, x], 1), drop)
        if self.position is not None:
            h = self.position(h)
        h = self.norm(self.layer2(h, drop))
        return h[:, 0], h[:, 1:]


class Modality(nn.Module):
    def __init__(self, name, width, position):
        super().__init__()
        self.encoder, self.decoder = (Transformer(f"{name}.{part}", width, position) for part in ("encoder", "decoder"))
        self.translation = MultiHeadAttention(f"{name}.translation", width, 1)


class Cmta(nn.Module):
    def __init__(self, size, width=256):
        super().__init__()
        self.sizes = list(size["genes"].values())
        self.patches = nn.ModuleList([nn.Linear(size["patchWidth"], width), nn.Linear(width, width)])
        self.genes = nn.ModuleList(SelfNormalising(f"genes.{g}", n, 4 * width, width) for g, n in enumerate(self.sizes))
        self.histology, self.expression = Modality("histology", width, True), Modality("expression", width, False)
        self.fusion = nn.ModuleList([nn.Linear(2 * width, width), nn.Linear(width, width)])
        self.head = nn.Linear(width, size["classes"])

    def slide(self, bag, genes, drop):
        for i, layer in enumerate(self.patches):
            bag = drop(f"patches.{i}", layer(bag).relu(), 0.25)
        groups = torch.split(genes, self.sizes, dim=1)
        tokens = torch.stack([encode(x, drop) for encode, x in zip(self.genes, groups)], 1)
        P, patches = self.histology.encoder(bag, drop)
        G, groups = self.expression.encoder(tokens, drop)
        P_hat, _ = self.histology.decoder(self.histology.translation(patches, groups, drop), drop)
        G_hat, _ = self.expression.decoder(self.expression.translation(groups, patches, drop), drop)
        h = torch.cat([(P + P_hat) / 2, (G + G_hat) / 2], 1)
        for layer in self.fusion:
            h = layer(h).relu()
        l1 = nn.functional.l1_loss
        return self.head(h), l1(P_hat, P.detach()) + l1(G_hat, G.detach())

    def forward(self, X, genes, drop):
        slides = []
        for drop.sample in range(len(X)):
            one = slice(drop.sample, drop.sample + 1)
            slides.append(self.slide(X[one], genes[one], drop))
        logits, auxiliary = zip(*slides)
        return torch.cat(logits), torch.stack(auxiliary)


if __name__ == "__main__":
    write("cmta", Cmta(PAPER_SIZE), Cmta(SIZE, 32), [144])
    write("cmta-wide", Cmta(PAPER_SIZE), Cmta(SIZE), [36])
    six = {**PAPER_SIZE, "genes": dict(enumerate([100, 200, 300, 400, 500, 600]))}
    print("with six groups:", sum(p.numel() for p in Cmta(six).parameters()))
