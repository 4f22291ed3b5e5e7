"""A parity case: its tensors, their entries in the manifest, and the files that hold them."""
import json
import math
import struct

import numpy as np
import torch

import oracle

REL, ABS = 2e-5, 1e-7
SUMMARY_REL = 3e-4        # norms and samples of gradients

VALUE_FORMULA = (
    "value[i] = float32(center + scale * (2 * u / 2**32 - 1)), evaluated in float64, i the row-major index; "
    "u = mix((i * 0x9E3779B1 + seed) mod 2**32); mix(x): x ^= x >> 16; x *= 0x7FEB352D; x ^= x >> 15; "
    "x *= 0x846CA68B; x ^= x >> 16 (all modulo 2**32, unsigned). seed is listed per tensor; it is the 32-bit FNV-1a "
    "hash of '<run seed>/<tensor name>', the name without its prefix.")


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def hashed(seed, count):
    """`count` unsigned 32-bit numbers."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + seed) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return x


def parameter_formula(name, shape, offsets):
    """(scale, center) of a parameter by its name; `offsets` is the gain of the layer that moves the keys."""
    if name.split(".")[-2] == "norm":
        return (0.3, 1.0) if name.endswith("weight") else (0.1, 0.0)
    if name.endswith("bias"):
        return (0.3 if "rel_pos_bias" in name else 0.1), 0.0
    if name == "classifier.weight":
        return 3.0 / math.sqrt(shape[1]), 0.0
    gain = 2.0 if "encoder." in name else 3.0 if name.startswith("classifier_") else 1.5
    if name.endswith("to_offsets.2.weight"):
        gain = offsets
    return round(gain / math.sqrt(math.prod(shape[1:])), 6), 0.0


class Case:
    """Tensors of one case and their entries in the manifest."""

    def __init__(self, name, about, config, seed=1):
        self.name, self.seed = name, seed
        self.entry = {"file": f"{name}.safetensors", "about": about, "config": config | {"run_seed": seed}, "tensors": []}
        self.values = {}      # every tensor, by its full name
        self.stored = set()

    def formula(self, full_name, shape, scale, center=0.0, stored=False):
        """A given tensor that readers can compute; in the file only where asked for."""
        scale = round(scale, 6)
        seed = fnv1a(f"{self.seed}/{full_name.partition('/')[2]}")
        u = hashed(seed, math.prod(shape)).astype(np.float64)
        self.values[full_name] = (center + scale * (2 * u / 2**32 - 1)).astype(np.float32).reshape(shape)
        entry = {"name": full_name, "shape": list(shape), "dtype": "float32",
                 "formula": {"seed": seed, "scale": scale, "center": center}}
        if stored:
            self.stored.add(full_name)
        else:
            entry["stored"] = False
        self.entry["tensors"].append(entry)

    def parameters(self, shapes, offsets=0.3):
        for name, shape in shapes.items():
            self.formula(f"w/{name}", shape, *parameter_formula(name, shape, offsets))

    def given(self, full_name, array):
        """A given tensor that is in the file."""
        self.store(full_name, array, {})

    def store(self, full_name, array, more):
        self.values[full_name] = array
        self.stored.add(full_name)
        entry = {"name": full_name, "shape": list(array.shape), "dtype": str(array.dtype)}
        self.entry["tensors"].append(entry | more)

    def expect(self, compute, rel=REL):
        """`compute(given)` gives the expected tensors, by full name, from the given ones by full name."""
        exact, single = (compute(self.tensors(dtype)) for dtype in (torch.float64, torch.float32))
        gradients = [float(v.detach().abs().max()) for name, v in exact.items() if name.startswith("grad")]
        for name, value in exact.items():
            tolerance = {"rel": rel, "abs": ABS}
            if name.startswith("grad"):
                tolerance["abs"] = float(f"{1e-6 * max(gradients):.3g}")
            if name.startswith(("norm/", "sample/")):
                tolerance["rel"] = SUMMARY_REL
            self.expect_one(name, value, single[name], tolerance)

    def expect_one(self, name, exact, single, tolerance):
        exact, single = exact.detach(), single.detach()
        largest = float(exact.abs().max())
        error = float((exact - single.double()).abs().max())
        if error > 0.5 * (tolerance["abs"] + tolerance["rel"] * largest):
            raise SystemExit(f"{self.name}: single precision misses {name} by {error:.3g} of {largest:.3g}; choose another run seed")
        dtype = np.float64 if exact.ndim == 0 else np.float32
        self.store(name, exact.numpy().astype(dtype),
                    {"tolerance": tolerance, "float32_oracle_error": float(f"{error:.3g}")})

    def tensors(self, dtype):
        """Every tensor so far, floats in a precision."""
        as_torch = lambda a: torch.tensor(a, dtype=dtype if a.dtype == np.float32 else torch.int64)
        return {name: as_torch(value) for name, value in self.values.items()}

    def write(self, folder):
        write_safetensors(folder / self.entry["file"], {n: v for n, v in self.values.items() if n in self.stored})


def write_safetensors(path, arrays):
    header, offset = {}, 0
    for name, array in arrays.items():
        code = {"float32": "F32", "float64": "F64", "int32": "I32"}[str(array.dtype)]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def leaves(tensors, prefix):
    """The tensors below a prefix, as leaves of a graph."""
    return {name: t.clone().requires_grad_() for name, t in oracle.scoped(tensors, prefix).items() if t.is_floating_point()}


def manifest_text(manifest):
    """JSON with one line a tensor."""
    text = []
    for key, value in manifest.items():
        if key != "cases":
            text.append(f" {json.dumps(key)}: {json.dumps(value)}")
    blocks = []
    for name, entry in manifest["cases"].items():
        head = ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in entry.items() if k != "tensors")
        tensors = ",\n".join(f"    {json.dumps(t)}" for t in entry["tensors"])
        blocks.append(f"  {json.dumps(name)}: {{\n{head},\n   \"tensors\": [\n{tensors}\n   ]\n  }}")
    text.append(' "cases": {\n' + ",\n".join(blocks) + "\n }")
    return "{\n" + ",\n".join(text) + "\n}"
