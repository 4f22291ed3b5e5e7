"""Cases of the whole model and of its training."""
import numpy as np
import torch

import oracle
from fixture import ABS, REL, Case, fnv1a, hashed, leaves
from layers import FORMS, PATCH_WIDTH

GENES = (20, 30)          # of the small models; the paper's are 59 and 361
MODEL_REL = 5e-5
TRACE_REL = 1e-3          # training, where differences grow from step to step


def model_inputs(case, batch, bag, genes, patch_width, stored=False):
    case.formula("in/patches", (batch, bag, patch_width), 1.0, 0.25)
    for branch, count in zip(oracle.BRANCHES, genes):
        case.formula(f"in/genes_{branch}", (batch, count), 2.0, stored=stored)


def is_head(name):
    return name.startswith("classifier")


def give_labels(case, task, batch):
    if task == "survival":
        case.given("in/interval", np.array([1, 0, 3, 0, 2, 1], np.int32)[:batch])
        case.given("in/censored", np.array([1, 0, 0, 1, 0, 0], np.int32)[:batch])
        case.given("in/time", np.array([319, 60, 615, 245, 430, 504], np.int32)[:batch])
    else:
        case.given("in/target", ((1 + np.arange(batch)) % oracle.CLASSES[task]).astype(np.int32))


def model_outputs(params, t, task, grads_of_reference):
    """out/ of a whole model, and the gradients of both totals."""
    labels = oracle.scoped(t, "in/")
    out = oracle.forward(params, t["in/patches"], {b: t[f"in/genes_{b}"] for b in oracle.BRANCHES})
    result = oracle.prefixed("out/", out)
    if task == "survival":
        hazards = torch.sigmoid(out["logits"])
        result |= {"out/hazards": hazards, "out/risk": oracle.risk(hazards)}
    result["out/task_loss"] = oracle.task_loss(out["logits"], labels, task)
    for form in FORMS:
        for b in oracle.BRANCHES:
            result[f"out/consistency_{form}_{b}"] = oracle.consistency_loss(out[f"gene_{b}"], out[f"vgrid_{b}"], form)
        result[f"out/consistency_{form}"] = oracle.mean_consistency(out, form)
        result[f"out/total_{form}"] = oracle.total_loss(out, labels, task, form)
    grads = oracle.gradients(result["out/total_corrected"], params, keep=True)
    reference = oracle.gradients(result["out/total_reference"], params) if grads_of_reference else {}
    confidences = oracle.confidences(params, out, labels, task)
    head = grads["classifier.weight"]
    result |= {"out/confidence": torch.tensor(confidences, dtype=head.dtype),
               "out/cosine": torch.cosine_similarity(head[:, :oracle.WIDTH], head[:, oracle.WIDTH:])}
    result |= {f"out/classifier_grad_{form}": oracle.coordinate(head, *confidences, form) for form in FORMS}
    return {name: value.detach() for name, value in result.items()}, grads, reference


def summary(g):
    """[norm, sum, largest magnitude], and the entries floor(k * size / n), k < n = min(32, size)."""
    flat = g.reshape(-1)
    n = min(32, flat.numel())
    return torch.stack((flat.norm(), flat.sum(), flat.abs().max())), flat[[k * flat.numel() // n for k in range(n)]]


def expect_model(case, task, gradients, rel, given=None):
    """gradients: 'whole', or 'summary' (norms and samples, the classifier's whole)."""
    def compute(t):
        t = t if given is None else given.tensors(t["w/classifier.weight"].dtype) | t
        result, grads, reference = model_outputs(leaves(t, "w/"), t, task, task == "diagnosis" and given is not None)
        if gradients == "whole":
            return result | oracle.prefixed("grad/", grads)
        result["grad/classifier.weight"] = grads["classifier.weight"]
        for name, g in grads.items():
            result[f"norm/{name}"], result[f"sample/{name}"] = summary(g)
        # What the forms of the consistency differ in: the gene codes and the offsets of the keys.
        told = {name: g for name, g in reference.items() if "encoder." in name or "to_offsets" in name}
        return result | oracle.prefixed("grad_reference/", told)
    case.expect(compute, rel)
    return case


def small_model_cases(seed):
    batch, bag = 4, 64
    shared = Case("model-small-shared", "inputs and trunk parameters shared by the model-small cases",
                  {"batch": batch, "bag": bag, "genes": GENES, "patch_width": PATCH_WIDTH}, seed)
    model_inputs(shared, batch, bag, GENES, PATCH_WIDTH, stored=True)
    shared.parameters({n: s for n, s in oracle.model_shapes(*GENES, 1, PATCH_WIDTH).items() if not is_head(n)})
    yield shared
    for task, gradients in (("diagnosis", "summary"), ("grading", "summary"), ("survival", "whole")):
        weights = oracle.CLASS_WEIGHTS.get(task)
        case = Case(f"model-small-{task}", f"whole model, task {task}; gradients of out/total_corrected before coordination "
                    "(branch classifiers get none: zeros), grad_reference/ those of out/total_reference",
                    {"task": task, "class_weights": weights, "with": shared.name}, seed)
        give_labels(case, task, batch)
        heads = {n: s for n, s in oracle.model_shapes(*GENES, oracle.CLASSES[task], PATCH_WIDTH).items() if is_head(n)}
        case.parameters(heads)
        yield expect_model(case, task, gradients, MODEL_REL, shared)


def paper_model_case():
    task, genes, batch, bag = "diagnosis", (59, 361), 2, 2500
    case = Case("model-paper", "whole model at paper size; norm/ and sample/ describe the gradients of out/total_corrected "
                "before coordination", {"batch": batch, "bag": bag, "genes": genes, "task": task,
                                        "class_weights": oracle.CLASS_WEIGHTS[task]})
    model_inputs(case, batch, bag, genes, oracle.PATCH_WIDTH)
    case.parameters(oracle.model_shapes(*genes, oracle.CLASSES[task]), offsets=3.0)
    give_labels(case, task, batch)
    return expect_model(case, task, "summary", REL)


def train(t, steps):
    """Full-batch Adam; what each step saw, and the parameters after the last.

    The weight decay is added to the gradient after coordination; the branch classifiers are not touched.
    """
    p = leaves(t, "w/")
    labels, genes = oracle.scoped(t, "in/"), {b: t[f"in/genes_{b}"] for b in oracle.BRANCHES}
    moments = {name: (torch.zeros_like(v), torch.zeros_like(v)) for name, v in p.items()}
    trace = {k: [] for k in ("total", "task", "consistency", "confidence", "conflicts", "classifier_grad_norm", "cosine")}
    for step in range(1, steps + 1):
        out = oracle.forward(p, t["in/patches"], genes)
        task, both = oracle.task_loss(out["logits"], labels, "survival"), oracle.mean_consistency(out, "corrected")
        grads = oracle.gradients(task + both, p)
        confidences = oracle.confidences(p, out, labels, "survival")
        head = grads["classifier.weight"]
        cosine = torch.cosine_similarity(head[:, :oracle.WIDTH], head[:, oracle.WIDTH:])
        coordinated = oracle.coordinate(head, *confidences, "corrected")
        grads["classifier.weight"] = coordinated
        conflicts = int((cosine < 0).sum()) if confidences[0] != confidences[1] else 0
        seen = (task + both, task, both, torch.tensor(confidences), torch.tensor(conflicts), coordinated.norm(), cosine)
        for key, value in zip(trace, seen):
            trace[key].append(value.detach())
        with torch.no_grad():
            for name, value in p.items():
                if name.startswith("classifier_"):
                    continue
                g = grads[name] + 1e-4 * value
                m, v = moments[name]
                m.mul_(0.9).add_(0.1 * g)
                v.mul_(0.999).add_(0.001 * g * g)
                value -= 1e-3 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
    return {key: torch.stack(values).double() for key, values in trace.items()}, p


def trace_outputs(trace, p):
    result = {f"out/{key}": value for key, value in trace.items() if key != "cosine"}
    result |= {f"final_norm/{name}": v.detach().double().norm() for name, v in p.items()}
    return result | {"out/final_classifier": p["classifier.weight"].detach().double()}


def training_trace_case(seed):
    batch, bag, steps = 6, 64, 12
    case = Case("training-trace", f"{steps} full-batch Adam steps (lr 1e-3, betas 0.9 0.999, eps 1e-8, weight decay 1e-4 added to "
                "the gradient after coordination), no dropout, task survival, both corrections; branch classifiers are not touched",
                {"task": "survival", "steps": steps, "batch": batch, "bag": bag, "genes": GENES, "patch_width": PATCH_WIDTH}, seed)
    model_inputs(case, batch, bag, GENES, PATCH_WIDTH)
    give_labels(case, "survival", batch)
    case.parameters(oracle.model_shapes(*GENES, oracle.CLASSES["survival"], PATCH_WIDTH))
    given = case.tensors(torch.float64)
    trace, p = train(given, steps)
    exact = trace_outputs(trace, p)
    single = trace_outputs(*train(case.tensors(torch.float32), steps))
    # A second start, every input off by one part in ten million, shows how fast differences grow.
    nudged = dict(given)
    for name in ("in/patches", *(f"in/genes_{b}" for b in oracle.BRANCHES)):
        signs = torch.tensor(hashed(fnv1a(name), given[name].numel()) % 2 * 2.0 - 1.0).reshape(given[name].shape)
        nudged[name] = given[name] * (1 + 1e-7 * signs)
    spread = trace_outputs(*train(nudged, steps))
    for name, value in exact.items():
        if name == "out/conflicts":
            assert torch.equal(value, single[name]) and torch.equal(value, spread[name]), "a sign of a cosine is a matter of rounding"
            case.store(name, value.numpy().astype(np.int32), {})
            continue
        largest = float(value.abs().max())
        relative = float((value - spread[name]).abs().max()) / largest if largest else 0.0
        case.expect_one(name, value, single[name], {"rel": max(TRACE_REL, float(f"{5 * relative:.2g}")), "abs": ABS})
    lower = trace["confidence"][:, 0] < trace["confidence"][:, 1]
    acted = trace["conflicts"] > 0
    case.entry["config"] |= {"coordinated_steps_tumor_immune_lower": [int((acted & lower).sum()), int((acted & ~lower).sum())],
                             "closest_cosine_to_zero": float(f"{float(trace['cosine'].abs().min()):.3g}")}
    return case
