"""A self-normalising network on genes in PyTorch modules: Klambauer et al. 2017, in the widths of MCAT's public code. Writes snn.json."""
from torch import nn

from common import PAPER_SIZE, SIZE, write


class Snn(nn.Module):
    def __init__(self, size):
        super().__init__()
        widths = [size["genes"]["tumour"] + size["genes"]["microenvironment"], 256, 256, 256, 256]
        self.genes = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.head = nn.Linear(256, size["classes"])

    def forward(self, _X, genes, drop):
        h = genes
        for i, block in enumerate(self.genes):
            h = drop.alpha(f"genes.{i}", nn.functional.elu(block(h)), 0.25)
        return self.head(h)


if __name__ == "__main__":
    write("snn", Snn(PAPER_SIZE), Snn(SIZE), [36])
