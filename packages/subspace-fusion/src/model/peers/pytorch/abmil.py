"""Gated attention MIL in PyTorch modules: Ilse et al. 2018, in the widths of MCAT's public code. Writes abmil.json."""
import torch
from torch import nn

from common import PAPER_SIZE, SIZE, write


class GatedAttention(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.tanh = nn.Linear(width, hidden)
        self.sigmoid = nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, h, drop):
        v = drop("attention.tanh", torch.tanh(self.tanh(h)), 0.25)
        u = drop("attention.sigmoid", torch.sigmoid(self.sigmoid(h)), 0.25)
        a = torch.softmax(self.score(v * u), dim=1)
        return (a * h).sum(1)


class Abmil(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.patches = nn.Linear(size["patchWidth"], 512)
        self.attention = GatedAttention(512, 256)
        self.slide = nn.Linear(512, 256)
        self.head = nn.Linear(256, size["classes"])

    def forward(self, X, _genes, drop):
        h = drop("patches", torch.relu(self.patches(X)), 0.25)
        z = drop("slide", torch.relu(self.slide(self.attention(h, drop))), 0.25)
        return self.head(z)


if __name__ == "__main__":
    write("abmil", Abmil(PAPER_SIZE), Abmil(SIZE), [36])
