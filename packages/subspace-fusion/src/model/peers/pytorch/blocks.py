"""What the references of Pathomic Fusion, MCAT and CMTA share: modules that know the name under which the tests drop."""
import torch
from torch import nn
from torch.nn import functional as F


class SelfNormalising(nn.ModuleList):
    """Linear, ELU, AlphaDropout 0.25, as many times as there are widths after the first."""

    def __init__(self, name, *widths):
        super().__init__(nn.Linear(*pair) for pair in zip(widths, widths[1:]))
        self.name = name

    def forward(self, x, drop):
        for i, layer in enumerate(self):
            x = drop.alpha(f"{self.name}.{i}", F.elu(layer(x)), 0.25)
        return x


class GatedPool(nn.Module):
    def __init__(self, name, width, hidden):
        super().__init__()
        self.name = name
        self.tanh, self.sigmoid, self.score = nn.Linear(width, hidden), nn.Linear(width, hidden), nn.Linear(hidden, 1)

    def forward(self, h, drop):
        a = drop(f"{self.name}.tanh", self.tanh(h).tanh(), 0.25)
        b = drop(f"{self.name}.sigmoid", self.sigmoid(h).sigmoid(), 0.25)
        return torch.einsum("bno,bnd->bd", F.softmax(self.score(a * b), dim=1), h)


class MultiHeadAttention(nn.Module):
    def __init__(self, name, width, heads, rate=0.0):
        super().__init__()
        self.name, self.heads, self.rate = name, heads, rate
        self.queries, self.keys, self.values, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, y, drop):
        q, k, v = (t.unflatten(-1, (self.heads, -1)) for t in (self.queries(x), self.keys(y), self.values(y)))
        a = F.softmax(torch.einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5, dim=-1)
        if self.rate:
            a = drop(f"{self.name}.attention", a, self.rate)
        return self.out(torch.einsum("bhqk,bkhd->bqhd", a, v).flatten(-2))


class TransformerLayer(nn.Module):
    def __init__(self, name, width, heads, hidden, rate):
        super().__init__()
        self.name, self.rate = name, rate
        self.self = MultiHeadAttention(f"{name}.self", width, heads, rate)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.hidden, self.out = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, drop):
        y = self.norm1(x + drop(f"{self.name}.read", self.self(x, x, drop), self.rate))
        h = drop(f"{self.name}.hidden", self.hidden(y).relu(), self.rate)
        return self.norm2(y + drop(f"{self.name}.out", self.out(h), self.rate))


@torch.no_grad()
def check_transformer_layer():
    """With the same weights, TransformerLayer is PyTorch's TransformerEncoderLayer, which MCAT's public code uses."""
    ours = TransformerLayer("", 16, 4, 32, 0.25).double()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.25, activation="relu", batch_first=True).double().eval()
    attention, read = theirs.self_attn, ours.self
    attention.in_proj_weight.copy_(torch.cat([read.queries.weight, read.keys.weight, read.values.weight]))
    attention.in_proj_bias.copy_(torch.cat([read.queries.bias, read.keys.bias, read.values.bias]))
    pairs = [(attention.out_proj, read.out), (theirs.linear1, ours.hidden), (theirs.linear2, ours.out)]
    pairs += [(theirs.norm1, ours.norm1), (theirs.norm2, ours.norm2)]
    for a, b in pairs:
        for p in b.parameters():
            p.add_(0.1 * torch.randn_like(p))
        a.load_state_dict(b.state_dict())
    x = torch.randn(3, 5, 16, dtype=torch.float64)
    assert torch.allclose(ours(x, lambda _site, y, _rate: y), theirs(x), atol=1e-12)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
