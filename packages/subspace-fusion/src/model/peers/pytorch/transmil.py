"""TransMIL in PyTorch modules (Shao et al. 2021, Nyström attention of Xiong et al. 2021), one slide at a time as its public
code runs. Writes transmil.json, of narrow tokens at two bag sizes, and transmil-wide.json, of the paper's width."""
import torch
from torch import nn
from torch.nn import functional as F

from common import PAPER_SIZE, SIZE, write


class NystromLayer(nn.Module):
    def __init__(self, width, name):
        super().__init__()
        self.name, self.width, self.landmarks = name, width, width // 2
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.values = nn.Conv2d(8, 8, (33, 1), padding=(16, 0), groups=8, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x, drop):
        n, m = x.shape[1], self.landmarks
        padded = F.pad(self.norm(x), (0, 0, -n % m, 0))
        l = padded.shape[1] // m
        q, k, v = (t.unflatten(-1, (8, -1)).permute(0, 2, 1, 3) for t in self.qkv(padded).chunk(3, dim=-1))
        q = q * (self.width // 8) ** -0.5
        q_marks, k_marks = (t.unflatten(2, (m, l)).mean(3) for t in (q, k))
        first = torch.einsum("bhid,bhjd->bhij", q, k_marks).softmax(-1)
        second = torch.einsum("bhid,bhjd->bhij", q_marks, k_marks).softmax(-1)
        third = torch.einsum("bhid,bhjd->bhij", q_marks, k).softmax(-1)
        out = first @ pseudo_inverse(second) @ (third @ v) + self.values(v)
        out = self.out(out.permute(0, 2, 1, 3).flatten(2))[:, -n:]
        return x + drop(f"{self.name}.out", out, 0.1)


def pseudo_inverse(a):
    # The norms are over all heads of the slide.
    z = a.mT / (a.abs().sum(-1).max() * a.abs().sum(-2).max())
    eye = torch.eye(a.shape[-1], dtype=a.dtype)
    for _ in range(6):
        az = a @ z
        z = z @ (13 * eye - az @ (15 * eye - az @ (7 * eye - az))) / 4
    return z


class Position(nn.Module):
    def __init__(self, width):
        super().__init__()
        for size in (7, 5, 3):
            self.add_module(str(size), nn.Conv2d(width, width, size, padding=size // 2, groups=width))

    def forward(self, x):
        side = round((x.shape[1] - 1) ** 0.5)
        image = x[:, 1:].mT.unflatten(2, (side, side))
        image = image + sum(convolution(image) for convolution in self.children())
        return torch.cat([x[:, :1], image.flatten(2).mT], 1)


class TransMil(nn.Module):
    def __init__(self, size, width=512):
        super().__init__()
        self.patches = nn.Linear(size["patchWidth"], width)
        self.classToken = nn.Parameter(torch.randn(1, 1, width))
        self.layer1 = NystromLayer(width, "layer1")
        self.position = Position(width)
        self.layer2 = NystromLayer(width, "layer2")
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, size["classes"])

    def forward(self, X, _genes, drop):
        logits = []
        for drop.sample, bag in enumerate(X):
            h = torch.cat([self.classToken, torch.relu(self.patches(bag[None]))], 1)
            h = self.layer2(self.position(self.layer1(h, drop)), drop)
            logits.append(self.head(self.norm(h)[:, 0]))
        return torch.cat(logits)


if __name__ == "__main__":
    write("transmil", TransMil(PAPER_SIZE), TransMil(SIZE, 32), [36, 100])
    write("transmil-wide", TransMil(PAPER_SIZE), TransMil(SIZE), [36])
