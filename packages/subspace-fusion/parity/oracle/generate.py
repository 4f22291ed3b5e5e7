"""Writes the parity cases: inputs, parameters and what the oracle computes from them.

    python3 generate.py --out DIR

Needs PyTorch and NumPy; takes a minute.  Expected numbers are computed in float64; a second run in float32 shows
how much of each tolerance single precision alone uses up, and a case that would use more than half of it is refused
(it needs another run seed: some unit sits at the kink of a ReLU, or a key at the border of a pixel).
"""
import argparse
import pathlib

import layers
import models
from fixture import VALUE_FORMULA, manifest_text


def cases():
    yield layers.attention_case()
    yield layers.position_bias_case("position-bias-small", 10, 4, 16, seed=1)
    yield layers.position_bias_case("position-bias-uneven", 23, 25, 2, seed=2)
    yield layers.gene_encoder_case()
    yield layers.losses_case()
    yield layers.consistency_case()
    yield layers.coordination_case()
    yield layers.metrics_case()
    yield layers.branch_case(seed=1)
    yield from models.small_model_cases(seed=5)
    yield models.training_trace_case(seed=15)
    yield models.paper_model_case()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "tolerance_rule": "pass when max|got - expected| <= abs + rel * max|expected|, taken over the whole tensor without its NaN "
                          "elements; NaN must stand exactly where NaN is expected; integer outputs must be equal",
        "value_formula": VALUE_FORMULA,
        "cases": {},
    }
    for case in cases():
        case.write(folder)
        manifest["cases"][case.name] = case.entry
        print(case.name, flush=True)
    (folder / "manifest.json").write_text(manifest_text(manifest) + "\n")


if __name__ == "__main__":
    main()
