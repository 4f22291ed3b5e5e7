"""Mean-pooled histology beside a self-normalising network in PyTorch modules: the Deep Sets with concatenation of MCAT's
public code, mean for sum. Writes mean-snn.json."""
import torch
from torch import nn

from common import PAPER_SIZE, SIZE, write


class MeanSnn(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.patches = nn.Linear(size["patchWidth"], 512)
        self.slide = nn.Linear(512, 256)
        count = size["genes"]["tumour"] + size["genes"]["microenvironment"]
        self.genes = nn.ModuleList([nn.Linear(count, 256), nn.Linear(256, 256)])
        self.fusion = nn.ModuleList([nn.Linear(512, 256), nn.Linear(256, 256)])
        self.head = nn.Linear(256, size["classes"])

    def forward(self, X, genes, drop):
        patches = drop("patches", torch.relu(self.patches(X)), 0.25)
        slide = drop("slide", torch.relu(self.slide(patches.mean(1))), 0.25)
        code = genes
        for i, block in enumerate(self.genes):
            code = drop.alpha(f"genes.{i}", nn.functional.elu(block(code)), 0.25)
        h = torch.cat([slide, code], 1)
        for block in self.fusion:
            h = torch.relu(block(h))
        return self.head(h)


if __name__ == "__main__":
    write("mean-snn", MeanSnn(PAPER_SIZE), MeanSnn(SIZE), [36])
