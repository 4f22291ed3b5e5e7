"""Cases of single layers, of the losses, of gradient coordination and of the metrics."""
import math

import numpy as np
import torch

import metrics
import oracle
from fixture import Case, fnv1a, hashed, leaves

FORMS = ("corrected", "reference")
PATCH_WIDTH = 64          # of the small models; the paper's is 1024


def out_and_grad(outputs, cotangents, variables):
    """out/ and grad/ of the sum of outputs times their upstream gradients."""
    loss = sum((outputs[name] * cot).sum() for name, cot in cotangents.items())
    grads = oracle.gradients(loss, variables)
    return oracle.prefixed("out/", outputs) | oracle.prefixed("grad/", grads)


def attention_case():
    batch, bag = 2, 100
    case = Case("attention-small", "deformable cross attention alone; gradients of sum(out * cot/out) + sum(vgrid * cot/vgrid)",
                {"batch": batch, "bag": bag})
    for name in ("queries", "context"):
        case.formula(f"in/{name}", (batch, bag, oracle.WIDTH), 1.7)
    case.parameters(oracle.attention_shapes())
    small = oracle.key_side(math.isqrt(bag))
    case.formula("cot/out", (batch, bag, oracle.WIDTH), 1.0)
    case.formula("cot/vgrid", (batch * oracle.GROUPS, 2, small, small), 1.0)

    def compute(t):
        x, p = leaves(t, "in/"), leaves(t, "w/")
        out, vgrid = oracle.deformable_attention(p, x["queries"], x["context"])
        return out_and_grad({"out": out, "vgrid": vgrid}, oracle.scoped(t, "cot/"), x | p)
    case.expect(compute)
    return case


def position_bias_case(name, query_side, keys, pairs, seed):
    case = Case(name, f"continuous position bias alone: {query_side} x {query_side} queries, {keys} keys, {pairs} (batch, group) pairs; "
                "gradients of sum(bias * cot/bias)", {"query_side": query_side, "keys": keys, "pairs": pairs}, seed)
    case.formula("in/key_points", (pairs, keys, 2), 1.3)
    case.parameters({n: s for n, s in oracle.attention_shapes().items() if n.startswith("rel_pos_bias.")})
    case.formula("cot/bias", (pairs, query_side**2, keys), 1.0)

    def compute(t):
        x, p = leaves(t, "in/"), leaves(t, "w/")
        queries = oracle.to_unit_square(oracle.integer_grid(query_side, x["key_points"]), query_side)
        return out_and_grad({"bias": oracle.position_bias(p, queries, x["key_points"])}, oracle.scoped(t, "cot/"), x | p)
    case.expect(compute)
    return case


def gene_encoder_case():
    case = Case("gene-encoder", "gene encoder alone", {"batch": 5, "genes": 361})
    case.formula("in/genes", (5, 361), 2.0)
    case.parameters(oracle.gene_encoder_shapes(361))
    case.formula("cot/code", (5, oracle.WIDTH), 1.0)

    def compute(t):
        x, p = leaves(t, "in/"), leaves(t, "w/")
        return out_and_grad({"code": oracle.encode_genes(p, x["genes"])}, oracle.scoped(t, "cot/"), x | p)
    case.expect(compute)
    return case


def branch_case(seed):
    batch, bag, first = 3, 64, 4
    case = Case("branch-small", "one branch from patches and gene code to feature; gradients of sum(feature * cot/feature) + "
                "sum(vgrid * cot/vgrid); that of the patches as its sum over patches and its first four",
                {"batch": batch, "bag": bag, "patch_width": PATCH_WIDTH}, seed)
    case.formula("in/patches", (batch, bag, PATCH_WIDTH), 1.0, 0.25)
    case.formula("in/gene_features", (batch, oracle.WIDTH), 0.5, 0.5)
    case.parameters(oracle.branch_shapes(PATCH_WIDTH))
    small = oracle.key_side(math.isqrt(bag))
    case.formula("cot/feature", (batch, oracle.WIDTH), 1.0)
    case.formula("cot/vgrid", (batch * oracle.GROUPS, 2, small, small), 0.05)

    def compute(t):
        x, p = leaves(t, "in/"), leaves(t, "w/")
        feature, vgrid = oracle.fuse_branch(p, x["patches"], x["gene_features"])
        result = out_and_grad({"feature": feature, "vgrid": vgrid}, oracle.scoped(t, "cot/"), x | p)
        patches = result.pop("grad/patches")
        return result | {"grad/patches_sum": patches.sum(1), "grad/patches_first": patches[:, :first]}
    case.expect(compute)
    return case


ALPHAS = {"0": 0.0, "015": 0.15, "04": 0.4}


def losses_case():
    """Weighted cross entropy per task; survival likelihood of the first rows, and of all, whose last two touch the floor."""
    rows = 7
    case = Case("losses", "weighted cross entropy per task and survival likelihood",
                {"class_weights": {k: list(v) for k, v in oracle.CLASS_WEIGHTS.items()}, "floor": 1e-7})
    for task, weights in oracle.CLASS_WEIGHTS.items():
        case.formula(f"in/{task}_logits", (rows, len(weights)), 6.0)
        case.given(f"in/{task}_target", (np.arange(rows) % len(weights)).astype(np.int32))
    hazards = (0.01 + 0.98 * hashed(fnv1a("hazards"), 9 * 4).reshape(9, 4) / 2**32).astype(np.float32)
    hazards[7:] = [[1.0, 0.5, 1e-9, 0.25], [0.0, 0.0, 0.5, 1.0]]
    case.given("in/hazards", hazards)
    case.given("in/interval", np.array([0, 1, 2, 3, 3, 0, 2, 3, 1], np.int32))
    case.given("in/censored", np.array([0, 0, 1, 0, 1, 1, 0, 1, 0], np.int32))

    def compute(t):
        result = {}
        for task, weights in oracle.CLASS_WEIGHTS.items():
            z = t[f"in/{task}_logits"].clone().requires_grad_()
            loss = oracle.weighted_cross_entropy(z, t[f"in/{task}_target"], weights)
            result[f"out/{task}_loss"] = loss.detach()
            result[f"grad/{task}_logits"] = torch.autograd.grad(loss, z)[0]
        for digits, alpha in ALPHAS.items():
            h = t["in/hazards"][:rows].clone().requires_grad_()
            loss = oracle.survival_nll(h, t["in/interval"][:rows], t["in/censored"][:rows], alpha)
            result[f"out/nll_alpha{digits}"] = loss.detach()
            result[f"grad/hazards_alpha{digits}"] = torch.autograd.grad(loss, h)[0]
            result[f"out/nll_floor_alpha{digits}"] = oracle.survival_nll(t["in/hazards"], t["in/interval"], t["in/censored"], alpha)
        return result | {"out/risk": oracle.risk(t["in/hazards"])}
    case.expect(compute)
    return case


def consistency_case():
    case = Case("consistency", "gene-guided consistency loss of one branch, both forms, several batch sizes", {})
    sides = {2: 2, 3: 3, 4: 2, 8: 5}  # samples: side of the key grid
    for samples, side in sides.items():
        case.formula(f"in/code_{samples}", (samples, oracle.WIDTH), 0.5, 0.5)
        case.formula(f"in/vgrid_{samples}", (samples * oracle.GROUPS, 2, side, side), 4.0, 1.0)

    def compute(t):
        result = {}
        for samples in sides:
            for form in FORMS:
                code, vgrid = (t[f"in/{name}_{samples}"].clone().requires_grad_() for name in ("code", "vgrid"))
                loss = oracle.consistency_loss(code, vgrid, form)
                grads = torch.autograd.grad(loss, (code, vgrid))
                result[f"out/{form}_{samples}"] = loss.detach()
                result[f"grad/{form}_code_{samples}"], result[f"grad/{form}_vgrid_{samples}"] = grads
        return result
    case.expect(compute)
    return case


def coordination_case():
    confidences = {"tumor_lower": [1.2, 2.9], "immune_lower": [0.75, 0.25], "equal": [0.5, 0.5],
                   "zero_tumor": [0.0, 0.6], "zero_both": [0.0, 0.0], "undefined": [None, None]}
    case = Case("coordination", "gradient coordination alone; even rows conflict, the tumour half of the last row is zero",
                {"confidences": confidences})
    half = lambda name: 2 * hashed(fnv1a(name), 4 * oracle.WIDTH).reshape(4, -1) / 2**32 - 1
    tumor, immune = half("tumor"), half("immune")
    immune = 0.6 * immune + 0.4 * np.array([[-1.0], [1.0], [-1.0], [1.0]]) * tumor
    tumor[3] = 0.0
    case.given("in/gradient", np.concatenate((tumor, immune), 1).astype(np.float32))
    case.expect(lambda t: {f"out/{form}_{name}": oracle.coordinate(t["in/gradient"], *pair, form)
                           for name, pair in confidences.items() for form in FORMS})
    return case


def metrics_case():
    """Ties, a class that is never predicted, one that nobody has, tied times and scores, a group in which nobody died."""
    case = Case("metrics", "classification and survival metrics; inputs have no tolerance, results have one or are counts", {})
    draw = lambda name, count, below: (hashed(fnv1a(name), count) % below).astype(np.int64)
    sets = []
    for i, (patients, classes, absent) in enumerate([(60, 4, None), (25, 3, None), (20, 3, 2), (3, 3, 0)], 1):
        weights = 1 + draw(f"weights-{i}", patients * classes, 9).reshape(patients, classes)
        truth = draw(f"truth-{i}", patients, classes)
        if i == 2:
            weights[:, 2] = 0  # never predicted
        if absent is not None:
            truth[truth == absent] = 1
        weights[np.arange(patients), truth] += draw(f"signal-{i}", patients, 5)
        given = {"probabilities": weights / weights.sum(1, keepdims=True), "truth": truth.astype(np.int32)}
        sets.append((f"classification-{i}", given, metrics.classification))
    for i, (patients, groups, alive) in enumerate([(50, 2, 0.3), (40, 3, 0.5), (24, 2, 0.5), (30, 2, 0.8)], 1):
        time = 30.5 * (1 + draw(f"time-{i}", patients, 20))
        event = (draw(f"event-{i}", patients, 100) >= 100 * alive).astype(np.int32)
        score = (draw(f"score-{i}", patients, 41) - 20) / 10.0
        group = draw(f"group-{i}", patients, groups).astype(np.int32)
        if i == 3:  # scores within and beyond the tolerance of a tie
            score = np.round(score / 2) + 4e-9 * (draw(f"near-{i}", patients, 3) - 1)
        if i == 4:
            event[group == 1] = 0
        given = {"time": time, "event": event, "score": score, "group": group}
        sets.append((f"survival-{i}", given, metrics.survival))
    for prefix, given, compute in sets:
        for name, value in given.items():
            case.given(f"{prefix}/{name}", value)
        for name, value in compute(*given.values()).items():
            value = np.asarray(value)
            case.store(f"{prefix}/{name}", value, {} if value.dtype == np.int32 else {"tolerance": {"rel": 1e-9, "abs": 1e-12}})
    return case
