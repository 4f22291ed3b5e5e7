"""Independent PyTorch oracle for knowledge-driven two-subspace fusion with gradient coordination.

Everything is a plain function over a flat dictionary of tensors.  Dictionary keys follow the naming
of the published checkpoints so that a checkpoint (or a fixture) can be used directly.

Shapes used in the comments
    B  samples in the batch            L  patches in a bag (a perfect square, 2500 in the paper)
    G  offset groups = heads = 8       S  side of the bag grid, S * S = L
    M  key positions                   s  side of the key grid, s * s = M  (12 when S = 50)
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

WIDTH = 128              # feature width of every stream
PATCH_WIDTH = 1024       # width of a patch descriptor
GENE_HIDDEN = (64, 48, 32)
GROUPS = 8               # attention heads and offset groups coincide
HEAD_WIDTH = 64
GROUP_WIDTH = WIDTH // GROUPS
BIAS_HIDDEN = WIDTH // 4
KERNEL = 6
STRIDE = 4
PADDING = (KERNEL - STRIDE) // 2
OFFSET_RANGE = 4.0
GENE_DROPOUT = 0.1
ATTENTION_DROPOUT = 0.1
BRANCHES = ("tumor", "immune")

CLASS_WEIGHTS = {
    "diagnosis": (1.0, 4.15, 2.93, 2.43),
    "grading": (1.47, 1.51, 1.0),
    "subtyping": (1.0, 1.72, 2.43),
}
CLASSES = {"diagnosis": 4, "grading": 3, "subtyping": 3, "survival": 4}


# --------------------------------------------------------------------------------------------
# parameters
# --------------------------------------------------------------------------------------------

def gene_encoder_shapes(genes):
    widths = (genes,) + GENE_HIDDEN + (WIDTH,)
    shapes = {}
    for layer in range(4):
        shapes[f"encoder.{layer}.0.weight"] = (widths[layer + 1], widths[layer])
        shapes[f"encoder.{layer}.0.bias"] = (widths[layer + 1],)
    return shapes


def attention_shapes():
    inner = GROUPS * HEAD_WIDTH
    return {
        "to_offsets.0.weight": (HEAD_WIDTH, 1, KERNEL, KERNEL),
        "to_offsets.0.bias": (HEAD_WIDTH,),
        "to_offsets.2.weight": (2, HEAD_WIDTH, 1, 1),
        "rel_pos_bias.mlp.0.0.weight": (BIAS_HIDDEN, 2),
        "rel_pos_bias.mlp.0.0.bias": (BIAS_HIDDEN,),
        "rel_pos_bias.mlp.1.0.weight": (BIAS_HIDDEN, BIAS_HIDDEN),
        "rel_pos_bias.mlp.1.0.bias": (BIAS_HIDDEN,),
        "rel_pos_bias.mlp.2.weight": (1, BIAS_HIDDEN),
        "rel_pos_bias.mlp.2.bias": (1,),
        "to_q.weight": (inner, GROUP_WIDTH, 1, 1),
        "to_k.weight": (inner, GROUP_WIDTH, 1, 1),
        "to_v.weight": (inner, GROUP_WIDTH, 1, 1),
        "to_out.weight": (WIDTH, inner, 1, 1),
        "to_out.bias": (WIDTH,),
    }


def branch_shapes(patch_width=PATCH_WIDTH):
    shapes = {
        "_fc1.0.weight": (WIDTH, patch_width), "_fc1.0.bias": (WIDTH,),
        "fusion_layer.fusion_layer.weight": (WIDTH, 2 * WIDTH), "fusion_layer.fusion_layer.bias": (WIDTH,),
        "layer3.norm.weight": (WIDTH,), "layer3.norm.bias": (WIDTH,),
        "norm.weight": (WIDTH,), "norm.bias": (WIDTH,),
        "pooler.dense.weight": (WIDTH, WIDTH), "pooler.dense.bias": (WIDTH,),
        "multimodal_projection.weight": (WIDTH, WIDTH), "multimodal_projection.bias": (WIDTH,),
    }
    shapes.update(prefixed("layer3.attn2d.", attention_shapes()))
    return shapes


def model_shapes(tumor_genes, immune_genes, classes, patch_width=PATCH_WIDTH):
    shapes = {}
    for branch, genes in zip(BRANCHES, (tumor_genes, immune_genes)):
        shapes.update(prefixed(f"omic_net_{branch}.", gene_encoder_shapes(genes)))
        shapes.update(prefixed(f"pathomic_net_{branch}.", branch_shapes(patch_width)))
        shapes[f"classifier_{branch}.0.weight"] = (classes, WIDTH)
        shapes[f"classifier_{branch}.0.bias"] = (classes,)
    shapes["classifier.weight"] = (classes, 2 * WIDTH)
    shapes["classifier.bias"] = (classes,)
    return shapes


def prefixed(prefix, mapping):
    return {prefix + key: value for key, value in mapping.items()}


def scoped(params, prefix):
    """The entries below `prefix`, with the prefix removed."""
    return {key[len(prefix):]: value for key, value in params.items() if key.startswith(prefix)}


def dense(params, name, x):
    return F.linear(x, params[name + ".weight"], params[name + ".bias"])


# --------------------------------------------------------------------------------------------
# network
# --------------------------------------------------------------------------------------------

def encode_genes(params, genes, training=False):
    """(B, genes) -> (B, 128), non-negative."""
    x = genes
    for layer in range(4):
        x = F.elu(dense(params, f"encoder.{layer}.0", x))
        x = F.alpha_dropout(x, GENE_DROPOUT, training)
    return torch.relu(x)


def integer_grid(side, like):
    """(side * side, 2) coordinates, x (column) first, enumerated row by row."""
    index = torch.arange(side * side, device=like.device)
    return torch.stack((index % side, torch.div(index, side, rounding_mode="floor")), -1).to(like.dtype)


def to_unit_square(points, side):
    """Map 0 .. side - 1 on -1 .. 1."""
    return points * (2.0 / max(side - 1, 1)) - 1.0


def key_side(side):
    return (side + 2 * PADDING - KERNEL) // STRIDE + 1


def grouped_projection(weight, x):
    """Block-diagonal projection.  (B, N, 128) with (512, 16, 1, 1) -> (B, G, N, 64)."""
    blocks = weight.view(GROUPS, HEAD_WIDTH, GROUP_WIDTH)
    return torch.einsum("bngc,goc->bgno", x.reshape(*x.shape[:2], GROUPS, GROUP_WIDTH), blocks)


def key_positions(params, queries, side):
    """Where keys are read, in key-grid units: (B * G, 2, s, s), batch-major, x before y."""
    batch = queries.shape[0]
    maps = queries.transpose(2, 3).reshape(batch * GROUPS, HEAD_WIDTH, side, side)
    local = F.conv2d(maps, params["to_offsets.0.weight"], params["to_offsets.0.bias"],
                     stride=STRIDE, padding=PADDING, groups=HEAD_WIDTH)
    offsets = OFFSET_RANGE * torch.tanh(F.conv2d(F.gelu(local), params["to_offsets.2.weight"]))
    small = offsets.shape[-1]
    return integer_grid(small, offsets).t().reshape(2, small, small) + offsets


def bilinear_read(features, positions, side):
    """Read (N, L, C) row-major maps at (N, M, 2) positions in [-1, 1]; outside the map is zero.

    -1 and 1 are the outer edges of the border pixels (the convention named align_corners=False).
    """
    pixel = ((positions + 1.0) * side - 1.0) / 2.0
    corner = torch.floor(pixel.detach())
    fraction = pixel - corner
    total = 0.0
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = corner[..., 0] + dx, corner[..., 1] + dy
            inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
            flat = (y.clamp(0, side - 1) * side + x.clamp(0, side - 1)).long()
            values = features.gather(1, flat.unsqueeze(-1).expand(-1, -1, features.shape[-1]))
            weight_x = fraction[..., 0] if dx else 1.0 - fraction[..., 0]
            weight_y = fraction[..., 1] if dy else 1.0 - fraction[..., 1]
            total = total + values * (weight_x * weight_y * inside.to(values.dtype)).unsqueeze(-1)
    return total


def signed_log(x):
    return torch.sign(x) * torch.log1p(x.abs())


def position_bias(params, query_points, key_points):
    """(L, 2) and (N, M, 2) in [-1, 1] -> (N, L, M)."""
    x = signed_log(query_points[None, :, None, :] - key_points[:, None, :, :])
    x = torch.relu(dense(params, "rel_pos_bias.mlp.0.0", x))
    x = torch.relu(dense(params, "rel_pos_bias.mlp.1.0", x))
    return dense(params, "rel_pos_bias.mlp.2", x).squeeze(-1)


def deformable_attention(params, queries, context, training=False):
    """(B, L, 128) queries and context -> (B, L, 128) and key positions (B * G, 2, s, s)."""
    batch, length, _ = queries.shape
    side = math.isqrt(length)
    assert side * side == length, "the bag must fill a square grid"
    q = grouped_projection(params["to_q.weight"], queries)
    vgrid = key_positions(params, q, side)
    small = vgrid.shape[-1]
    points = to_unit_square(vgrid, small).flatten(2).transpose(1, 2)

    maps = context.reshape(batch, length, GROUPS, GROUP_WIDTH).transpose(1, 2)
    sampled = bilinear_read(maps.reshape(batch * GROUPS, length, GROUP_WIDTH), points, side)
    sampled = sampled.view(batch, GROUPS, small * small, GROUP_WIDTH).transpose(1, 2).flatten(2)
    k = grouped_projection(params["to_k.weight"], sampled)
    v = grouped_projection(params["to_v.weight"], sampled)

    bias = position_bias(params, to_unit_square(integer_grid(side, points), side), points)
    scores = q @ k.transpose(2, 3) / math.sqrt(HEAD_WIDTH) + bias.view(batch, GROUPS, length, -1)
    attention = F.dropout(torch.softmax(scores, -1), ATTENTION_DROPOUT, training)
    mixed = (attention @ v).transpose(1, 2).flatten(2)
    return F.linear(mixed, params["to_out.weight"].flatten(1), params["to_out.bias"]), vgrid


def layer_norm(params, name, x):
    return F.layer_norm(x, (WIDTH,), params[name + ".weight"], params[name + ".bias"], 1e-5)


def fuse_branch(params, patches, gene_features, training=False):
    """(B, L, 1024) and (B, 128) -> branch feature (B, 128) and key positions."""
    path = torch.relu(dense(params, "_fc1.0", patches))
    genes = gene_features.unsqueeze(1).expand_as(path)
    fused = dense(params, "fusion_layer.fusion_layer", torch.cat((path, genes), -1))  # patches first
    attended, vgrid = deformable_attention(
        scoped(params, "layer3.attn2d."),
        layer_norm(params, "layer3.norm", fused), layer_norm(params, "layer3.norm", path), training)
    pooled = layer_norm(params, "norm", fused + attended).mean(1)
    hidden = torch.tanh(dense(params, "pooler.dense", pooled))
    return dense(params, "multimodal_projection", hidden), vgrid


def forward(params, patches, genes, training=False):
    """`genes` maps each branch to (B, genes).  Raw scores; see `hazards` for survival."""
    out = {}
    for branch in BRANCHES:
        code = encode_genes(scoped(params, f"omic_net_{branch}."), genes[branch], training)
        feature, vgrid = fuse_branch(scoped(params, f"pathomic_net_{branch}."), patches, code, training)
        out[f"gene_{branch}"] = code
        out[f"feature_{branch}"] = feature
        out[f"vgrid_{branch}"] = vgrid
        out[f"logits_{branch}"] = dense(params, f"classifier_{branch}.0", feature)
    both = torch.cat([out[f"feature_{branch}"] for branch in BRANCHES], 1)
    out["logits"] = dense(params, "classifier", both)
    return out


# --------------------------------------------------------------------------------------------
# losses
# --------------------------------------------------------------------------------------------

def weighted_cross_entropy(logits, target, weights):
    """Weighted mean: sum of w[y] * -log p[y] over the sum of w[y]."""
    w = torch.as_tensor(weights, dtype=logits.dtype, device=logits.device)[target]
    picked = torch.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)
    return -(w * picked).sum() / w.sum()


def survival_curve(hazards):
    return torch.cumprod(1.0 - hazards, 1)


def survival_nll(hazards, interval, censored, alpha=0.0, floor=1e-7):
    """Discrete-time likelihood; interval in 0 .. bins - 1, censored 1 where the event is unseen."""
    alive = survival_curve(hazards)
    before = torch.cat((torch.ones_like(alive[:, :1]), alive[:, :-1]), 1)
    pick = lambda table: table.gather(1, interval.unsqueeze(1)).squeeze(1).clamp(min=floor)
    c = censored.to(hazards.dtype)
    seen = -(1.0 - c) * (torch.log(pick(before)) + torch.log(pick(hazards)))
    unseen = -c * torch.log(pick(alive))
    return ((1.0 - alpha) * unseen + seen).mean()


def risk(hazards):
    return -survival_curve(hazards).sum(1)


def similarity_rows(rows):
    """Gram matrix with every row scaled to unit length."""
    gram = rows @ rows.t()
    return gram / gram.norm(dim=1, keepdim=True)


def grouped_rows(vgrid, samples, form):
    """(B * G, 2, s, s) -> (G, B, -1).  'reference' cuts the batch-major list into G runs of B."""
    if form == "reference":
        return vgrid.reshape(GROUPS, samples, -1)
    return vgrid.reshape(samples, GROUPS, -1).transpose(0, 1)


def consistency_loss(gene_features, vgrid, form):
    samples = gene_features.shape[0]
    spatial = torch.stack([similarity_rows(rows) for rows in grouped_rows(vgrid, samples, form)]).mean(0)
    return ((similarity_rows(gene_features) - spatial) ** 2).sum() / samples


def mean_consistency(out, form):
    return sum(0.5 * consistency_loss(out[f"gene_{b}"], out[f"vgrid_{b}"], form) for b in BRANCHES)


def task_loss(logits, labels, task):
    if task == "survival":
        return survival_nll(torch.sigmoid(logits), labels["interval"], labels["censored"])
    return weighted_cross_entropy(logits, labels["target"], CLASS_WEIGHTS[task])


def total_loss(out, labels, task, form):
    """form: 'reference', 'corrected' or None (no consistency term)."""
    loss = task_loss(out["logits"], labels, task)
    return loss if form is None else loss + mean_consistency(out, form)


# --------------------------------------------------------------------------------------------
# concordance and gradient coordination
# --------------------------------------------------------------------------------------------

def concordance(event, time, score, tied_tol=1e-8):
    """Harrell's index.  Returns (index, concordant, discordant, tied in score, tied in time).

    A pair (i, j) counts when i has an event and j lives longer, or j is censored at the same time.
    The index is None when no pair counts.
    """
    event, time, score = np.asarray(event, bool), np.asarray(time, float), np.asarray(score, float)
    same = (time[:, None] == time[None, :]) & event[:, None] & ~event[None, :]
    comparable = ((time[:, None] < time[None, :]) & event[:, None]) | same
    tied = comparable & (np.abs(score[:, None] - score[None, :]) <= tied_tol)
    good = comparable & ~tied & (score[:, None] > score[None, :])
    pairs, ties, wins = int(comparable.sum()), int(tied.sum()), int(good.sum())
    index = (wins + 0.5 * ties) / pairs if pairs else None
    return index, wins, pairs - ties - wins, ties, int(same.sum())


def subspace_scores(params, out):
    """Scores of each subspace alone: its half of the classifier and half of the bias."""
    weight, bias = params["classifier.weight"], params["classifier.bias"]
    halves = (weight[:, :WIDTH], weight[:, WIDTH:])
    return [F.linear(out[f"feature_{b}"], half, bias / 2) for b, half in zip(BRANCHES, halves)]


def confidence(scores, labels, task):
    """Softmax mass on the true class, or the concordance index; None when it is undefined."""
    scores = scores.detach()
    if task == "survival":
        r = risk(torch.sigmoid(scores)).cpu().numpy()
        return concordance(labels["censored"].cpu().numpy() == 0, labels["time"].cpu().numpy(), r)[0]
    return float(torch.softmax(scores, 1).gather(1, labels["target"].unsqueeze(1)).sum())


def confidences(params, out, labels, task):
    return [confidence(s, labels, task) for s in subspace_scores(params, out)]


def project_out(g, other):
    return g - (g @ other) / (other @ other) * other


def reflect_out(g, other):
    """What the published code computes: mirrored at the normal plane, with the length of the projection."""
    once = project_out(g, other)
    twice = once - (g @ other) / (other @ other) * other
    return twice * (once.norm() / twice.norm())


def coordinate(grad, confidence_tumor, confidence_immune, form):
    """Coordinate the rows of the classifier gradient (classes, 256).  Returns a new tensor."""
    result = grad.clone()
    if confidence_tumor is None or confidence_immune is None or confidence_tumor == confidence_immune:
        return result
    change = project_out if form == "corrected" else reflect_out
    for row in range(grad.shape[0]):
        tumor, immune = grad[row, :WIDTH], grad[row, WIDTH:]
        if tumor @ immune >= 0:
            continue
        if confidence_tumor < confidence_immune:
            result[row, :WIDTH] = change(tumor, immune)
        else:
            result[row, WIDTH:] = change(immune, tumor)
    return result


def gradients(loss, params, keep=False):
    """Gradient of every parameter; zeros where the loss does not depend on it."""
    names = list(params)
    grads = torch.autograd.grad(loss, [params[n] for n in names], allow_unused=True, retain_graph=keep)
    return {n: torch.zeros_like(params[n]) if g is None else g for n, g in zip(names, grads)}
