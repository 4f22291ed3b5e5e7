"""The network and its objective in plain eager PyTorch: the yardstick for speed and memory.

Written the way such a network is written in PyTorch: modules, F.grid_sample, an explicit softmax with dropout,
the position bias materialised as one tensor. Parameters carry the names of the published checkpoints.

Shapes: B batch, N = s * s tokens, G = 8 heads (one offset group each), J = k * k key positions.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

PATCH_WIDTH = 1024
WIDTH = 128
GENE_WIDTHS = (64, 48, 32, WIDTH)
HEADS = 8
HEAD_WIDTH = 64
DROPOUT = 0.1
OFFSET_SCALE = 4
SUBSPACES = ('tumor', 'immune')


class GeneEncoder(nn.Module):
    """Self-normalising encoder: [B, genes] -> [B, 128]."""

    def __init__(self, genes):
        super().__init__()
        widths = (genes, *GENE_WIDTHS)
        self.encoder = nn.Sequential(*(
            nn.Sequential(nn.Linear(fan_in, fan_out), nn.ELU(), nn.AlphaDropout(DROPOUT))
            for fan_in, fan_out in zip(widths, widths[1:])
        ))
        for layer, *_ in self.encoder:
            nn.init.normal_(layer.weight, 0, 1 / math.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)

    def forward(self, genes):
        return F.relu(self.encoder(genes))


class PositionBias(nn.Module):
    """Continuous position bias: query points [N, 2] and key points [B*G, J, 2] -> [B, G, N, J]."""

    def __init__(self, hidden=WIDTH // 4):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Sequential(nn.Linear(2, hidden), nn.ReLU()),
            nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU()),
            nn.Linear(hidden, 1),
        )

    def forward(self, query_points, key_points):
        distance = query_points[None, :, None] - key_points[:, None]  # [B*G, N, J, 2]
        distance = torch.sign(distance) * torch.log(distance.abs() + 1)
        return self.mlp(distance).squeeze(-1).unflatten(0, (-1, HEADS))


class DeformableAttention(nn.Module):
    """Queries [B, 128, s, s] look at the context [B, 128, s, s] at positions of their own choice, `vgrid` [B*G, 2, k, k]."""

    def __init__(self):
        super().__init__()
        inner = HEADS * HEAD_WIDTH
        self.to_offsets = nn.Sequential(
            nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 6, stride=4, padding=1, groups=HEAD_WIDTH),
            nn.GELU(),
            nn.Conv2d(HEAD_WIDTH, 2, 1, bias=False),
        )
        self.rel_pos_bias = PositionBias()
        self.to_q = nn.Conv2d(WIDTH, inner, 1, groups=HEADS, bias=False)
        self.to_k = nn.Conv2d(WIDTH, inner, 1, groups=HEADS, bias=False)
        self.to_v = nn.Conv2d(WIDTH, inner, 1, groups=HEADS, bias=False)
        self.to_out = nn.Conv2d(inner, WIDTH, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, context):
        batch, _, side, _ = x.shape
        q = self.to_q(x)

        offsets = OFFSET_SCALE * self.to_offsets(q.reshape(batch * HEADS, HEAD_WIDTH, side, side)).tanh()
        vgrid = cell_grid(offsets) + offsets
        points = normalise(vgrid).permute(0, 2, 3, 1)  # [B*G, k, k, 2], (x, y)

        kv = F.grid_sample(context.reshape(batch * HEADS, -1, side, side), points,
                           mode='bilinear', padding_mode='zeros', align_corners=False)
        kv = kv.reshape(batch, WIDTH, *vgrid.shape[-2:])
        k, v = self.to_k(kv), self.to_v(kv)

        q, k, v = (split_heads(t) for t in (q * HEAD_WIDTH ** -0.5, k, v))
        query_points = normalise(cell_grid(x)).flatten(1).t()  # [N, 2]
        logits = q @ k.transpose(-1, -2) + self.rel_pos_bias(query_points, points.flatten(1, 2))
        attention = self.dropout(logits.softmax(dim=-1))  # [B, G, N, J]
        out = (attention @ v).transpose(-1, -2).reshape(batch, -1, side, side)
        return self.to_out(out), vgrid


def cell_grid(like):
    """Cell coordinates [2, side, side] of a square map: channel 0 the column, channel 1 the row."""
    index = torch.arange(like.shape[-1], device=like.device, dtype=like.dtype)
    return torch.stack(torch.meshgrid(index, index, indexing='xy'))


def normalise(cells):
    """Cell coordinates [..., side, side] from 0 ... side - 1 to -1 ... 1."""
    return 2 * cells / max(cells.shape[-1] - 1, 1) - 1


def split_heads(x):
    """[B, G*64, h, w] -> [B, G, h*w, 64]."""
    return x.reshape(x.shape[0], HEADS, HEAD_WIDTH, -1).transpose(-1, -2)


class AttentionLayer(nn.Module):
    """Pre-norm residual around the attention; one LayerNorm for both inputs."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.attn2d = DeformableAttention()

    def forward(self, fused, patches):
        side = math.isqrt(fused.shape[1])
        as_map = lambda tokens: tokens.transpose(1, 2).reshape(-1, WIDTH, side, side)
        out, vgrid = self.attn2d(as_map(self.norm(fused)), as_map(self.norm(patches)))
        return fused + out.flatten(2).transpose(1, 2), vgrid


class Branch(nn.Module):
    """One subspace: bag [B, N, 1024] and gene code [B, 128] -> feature [B, 128] and vgrid."""

    def __init__(self):
        super().__init__()
        self._fc1 = nn.Sequential(nn.Linear(PATCH_WIDTH, WIDTH), nn.ReLU())
        self.fusion_layer = nn.ModuleDict({'fusion_layer': nn.Linear(2 * WIDTH, WIDTH)})
        self.layer3 = AttentionLayer()
        self.norm = nn.LayerNorm(WIDTH)
        self.pooler = nn.ModuleDict({'dense': nn.Linear(WIDTH, WIDTH)})
        self.multimodal_projection = nn.Linear(WIDTH, WIDTH)

    def forward(self, bag, genes):
        patches = self._fc1(bag)
        repeated = genes.unsqueeze(1).expand_as(patches)
        fused = self.fusion_layer['fusion_layer'](torch.cat((patches, repeated), dim=-1))
        fused, vgrid = self.layer3(fused, patches)
        pooled = torch.tanh(self.pooler['dense'](self.norm(fused).mean(dim=1)))
        return self.multimodal_projection(pooled), vgrid


class SubspaceFusion(nn.Module):
    """Bag [B, N, 1024] and two gene vectors -> logits [B, C], and what the objective needs of each subspace."""

    def __init__(self, tumor_genes, immune_genes, classes):
        super().__init__()
        self.omic_net_tumor = GeneEncoder(tumor_genes)
        self.omic_net_immune = GeneEncoder(immune_genes)
        self.pathomic_net_tumor = Branch()
        self.pathomic_net_immune = Branch()
        self.classifier = nn.Linear(2 * WIDTH, classes)

    def forward(self, bag, tumor_genes, immune_genes):
        codes = (self.omic_net_tumor(tumor_genes), self.omic_net_immune(immune_genes))
        features, vgrids = zip(self.pathomic_net_tumor(bag, codes[0]), self.pathomic_net_immune(bag, codes[1]))
        return self.classifier(torch.cat(features, dim=1)), features, codes, vgrids


def survival_curve(logits):
    return torch.cumprod(1 - torch.sigmoid(logits), dim=1)


def task_loss(logits, labels):
    """Weighted cross entropy, or the discrete-time negative log likelihood of survival, by the labels that there are."""
    if 'class' in labels:
        return F.cross_entropy(logits, labels['class'], labels['weights'])
    survival = F.pad(survival_curve(logits), (1, 0), value=1.0)  # S_-1 = 1 first
    bin_, censored = labels['bin'].unsqueeze(1), labels['censored'].float()
    log_at = lambda table, index: table.gather(1, index).squeeze(1).clamp(min=1e-7).log()
    uncensored = -(1 - censored) * (log_at(survival, bin_) + log_at(torch.sigmoid(logits), bin_))
    return (uncensored - censored * log_at(survival, bin_ + 1)).mean()


def similarity(rows):
    """Gram matrices of [..., B, D], each row divided by its norm."""
    return F.normalize(rows @ rows.transpose(-1, -2), dim=-1)


def consistency(code, vgrid):
    """Samples that are alike in genes should look at alike places. A batch of one has no partner."""
    batch = code.shape[0]
    if batch == 1:
        return code.new_zeros(())
    positions = vgrid.reshape(batch, HEADS, -1).transpose(0, 1)  # [G, B, 2J]
    return (similarity(code) - similarity(positions).mean(dim=0)).square().sum() / batch


def total_loss(output, labels):
    logits, _, codes, vgrids = output
    return task_loss(logits, labels) + sum(0.5 * consistency(code, vgrid) for code, vgrid in zip(codes, vgrids))


def concordance(risk, time, event):
    """Harrell's C-index, None where no pair is comparable."""
    earlier = time[:, None] < time[None, :]
    same_time = (time[:, None] == time[None, :]) & ~event[None, :]
    comparable = event[:, None] & (earlier | same_time)
    difference = risk[:, None] - risk[None, :]
    tied = difference.abs() <= 1e-8
    score = torch.where(tied, 0.5, (difference > 0).float())
    return (score[comparable].mean().item()) if comparable.any() else None


@torch.no_grad()
def confidence(feature, weight, bias, labels):
    """How far this batch can trust one subspace alone."""
    logits = F.linear(feature, weight, bias / 2)
    if 'class' in labels:
        return logits.softmax(dim=1).gather(1, labels['class'].unsqueeze(1)).sum().item()
    return concordance(-survival_curve(logits).sum(dim=1), labels['time'], labels['censored'] == 0)


@torch.no_grad()
def coordinate(classifier, features, labels):
    """Projects the less confident half of each conflicting row of the classifier's gradient, in place."""
    halves = classifier.weight.chunk(2, dim=1)
    tumor, immune = (confidence(z, w, classifier.bias, labels) for z, w in zip(features, halves))
    if tumor is None or immune is None or tumor == immune:
        return
    g_tumor, g_immune = classifier.weight.grad.chunk(2, dim=1)
    weaker, stronger = (g_tumor, g_immune) if tumor < immune else (g_immune, g_tumor)
    dot = (weaker * stronger).sum(dim=1, keepdim=True)
    projection = dot / stronger.square().sum(dim=1, keepdim=True) * stronger
    weaker -= torch.where(dot < 0, projection, 0)
