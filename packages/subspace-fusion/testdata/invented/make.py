"""Invents a cohort in the layout of the public TCGA glioma tables, and a table of samples in that of the Ivy GAP.

    python3 make.py          (NumPy, h5py; writes beside itself)

No number here was measured and no row is of a patient; sites and barcodes are made up too.
"""
import csv
import gzip
import io
import pathlib

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(20210621)

PATIENTS = 520
SITE_SIZES = [82, 70, 62, 50, 42, 36, 30, 26, 22, 20, 18, 16, 14, 12, 8, 6, 4, 2]
TUMOUR = [f"TU{g:02d}" for g in range(30)]
MICROENVIRONMENT = [f"ME{g:02d}" for g in range(34)]
GENES = sorted([*TUMOUR, *MICROENVIRONMENT, *(f"XX{g}" for g in range(6))])
FLOORED = ["ME04", "ME11", "ME12", "TU07", "TU21", "TU28", "XX3"]  # zero in a part of the patients
RARE = ["ME04", "ME12"]                                            # zero in nearly all


def pick(options, probabilities=None):
    return options[rng.choice(len(options), p=probabilities)]


def invent_patient(number, barcode):
    """One row of clinical.csv. Markers first; the labels of both rules follow from them."""
    kind = pick(["glioblastoma", "wildtype", "astrocytoma", "oligodendroglioma"], [0.28, 0.03, 0.42, 0.27])
    wild = kind in ("glioblastoma", "wildtype")
    study = "TCGA-GBM" if kind == "glioblastoma" and rng.random() < 0.6 or kind == "astrocytoma" and rng.random() < 0.03 else "TCGA-LGG"
    if study == "TCGA-GBM":
        histology, grade = "glioblastoma", "G4"
    else:
        histology = kind if kind in ("astrocytoma", "oligodendroglioma") else pick(["astrocytoma", "oligoastrocytoma"])
        grade = pick(["G2", "G3"], [0.2, 0.8] if wild else [0.55, 0.45])
        if rng.random() < 0.05:
            grade = ""
    cdkn2a = int(pick([-2, -1, 0, 1], [0.5, 0.2, 0.25, 0.05] if kind == "glioblastoma" else [0.06, 0.18, 0.7, 0.06]))
    egfr = int(pick([0, 1, 2], [0.3, 0.3, 0.4] if kind == "glioblastoma" else [0.8, 0.2, 0.0]))
    tert = pick(["Mutant", "WT", ""], [0.5, 0.1, 0.4] if kind == "glioblastoma" else
                [0.0, 0.5, 0.5] if kind == "wildtype" else [0.9, 0.0, 0.1] if kind == "oligodendroglioma" else [0.02, 0.5, 0.48])
    gain_loss = int(kind == "glioblastoma" and rng.random() < 0.65)
    if kind == "glioblastoma" and histology != "glioblastoma" and egfr < 2 and tert != "Mutant":
        gain_loss = 1  # what else would make it one
    age = int(np.clip(rng.normal({"glioblastoma": 58, "wildtype": 45, "astrocytoma": 38, "oligodendroglioma": 45}[kind], 12), 18, 88))

    deleted = int(cdkn2a == -2)
    if kind == "astrocytoma":
        who, who_grade = "astrocytoma, IDH-mutant", "G4" if deleted else grade
        paper = "astrocytoma, grade 4" if cdkn2a <= -1 or grade == "G4" else "astrocytoma, grade 2-3"
    elif kind == "oligodendroglioma":
        who, who_grade, paper = "oligodendroglioma, IDH-mutant and 1p/19q-codeleted", grade, kind
    else:
        who, who_grade = ("", "") if kind == "wildtype" else ("glioblastoma, IDH-wildtype", "G4")
        paper = "glioblastoma"

    immune = rng.normal()
    median = {"glioblastoma": 18, "astrocytoma, grade 4": 60, "astrocytoma, grade 2-3": 110, "oligodendroglioma": 150}[paper]
    hazard = np.log(2) / median * np.exp(0.025 * (age - 46) + 0.35 * immune)
    death, end = rng.exponential(1 / hazard), min(rng.exponential(32) + 1, 190)
    months = max(round(min(death, end), 2), 0.03)
    return {
        "patient_id": barcode, "study": study, "slide_count": 1, "age": age, "sex": pick(["male", "female"], [0.57, 0.43]),
        "survival_months": f"{months:.2f}", "event": int(death <= end), "histology": histology, "histologic_grade": grade,
        "idh_status": "WT" if wild else "Mutant", "codel_1p19q": "codel" if kind == "oligodendroglioma" else "non-codel",
        "cdkn2a_gistic": cdkn2a, "cdkn2b_gistic": cdkn2a, "egfr_gistic": egfr, "cdkn2ab_homdel": deleted, "egfr_amp": int(egfr == 2),
        "chr7gain_chr10loss": gain_loss, "tert_promoter": tert, "who2021_diagnosis": who, "who2021_grade": who_grade,
        "paper_diagnosis": paper, "paper_survival_bin": int(np.searchsorted([233.5, 511, 929], months * 30.4375, side="right")),
        "survival_months_2016": "", "event_2016": "", "fold": "",
    }, (kind, immune)


def invent_expression(rows, latents):
    """z-scores, each study by its own standard deviation, of values on a linear scale: floors that differ, and a few wild values."""
    kinds, immune = [k for k, _ in latents], np.array([i for _, i in latents])
    studies = np.array([row["study"] for row in rows])
    grades = np.array([{"G2": -1, "G4": 1}.get(row["histologic_grade"], 0) for row in rows])
    table = {}
    for g, gene in enumerate(GENES):
        mine = rng.normal(size=PATIENTS)
        if gene.startswith("TU"):
            levels = dict(zip(("glioblastoma", "wildtype", "astrocytoma", "oligodendroglioma"), rng.normal(0, 0.9, 4)))
            mine += [levels[kind] for kind in kinds] + rng.uniform(0, 0.5) * grades
        if gene.startswith("ME"):
            mine += rng.uniform(0.2, 0.9) * immune
        linear = np.exp(0.7 * mine)
        linear[rng.random(PATIENTS) < 0.002] *= 60
        if gene in FLOORED:
            linear[mine < np.quantile(mine, 0.97 if gene in RARE else 0.35)] = 0
        z = np.empty(PATIENTS)
        for study in set(studies):
            z[studies == study] = (linear[studies == study] - linear.mean()) / linear[studies == study].std()
        table[gene] = z
    return table


def write_csv(name, header, rows, compress=False):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    data = text.getvalue().encode()
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0) if compress else data)


def write_folds(rows):
    """Every fifth patient after a shuffle; the same five folds once as a table and once as lists of training and validation."""
    for at, i in enumerate(rng.permutation(PATIENTS)):
        rows[i]["fold"] = at % 5
    write_csv("tcga-gbmlgg/folds.csv", ["patient_id", "fold"], [[row["patient_id"], row["fold"]] for row in rows])
    for fold in range(5):
        train = [row["patient_id"] for row in rows if row["fold"] != fold]
        val = [row["patient_id"] for row in rows if row["fold"] == fold]
        write_csv(f"tcga-gbmlgg/splits/splits_{fold}.csv", ["", "train", "val"],
                  [[i, id, val[i] if i < len(val) else ""] for i, id in enumerate(train)])


def write_older_table(rows):
    """An earlier follow-up of most patients and of sixty others, under the names of Ceccarelli 2016, table S1."""
    older = []
    for row in rows:
        if rng.random() < 0.9:
            earlier = row["event"] and rng.random() < 0.85
            months = float(row["survival_months"]) * (1 if earlier else rng.uniform(0.5, 1))
            row["survival_months_2016"], row["event_2016"] = f"{months:.7g}", int(earlier)
        older.append([row["patient_id"], row["histology"], row["histologic_grade"] or "NA",
                      row["survival_months_2016"], f"{row['event_2016']}.0" if row["event_2016"] != "" else "",
                      row["idh_status"], row["codel_1p19q"], row["tert_promoter"],
                      "Gain chr 7 & loss chr 10" if row["chr7gain_chr10loss"] else "No combined CNA"])
    for i in range(60):  # three of them died before they were diagnosed
        months = "-0.0328549" if i < 3 else f"{rng.exponential(14):.7g}"
        older.append([f"TCGA-0R-9{i:03d}", "glioblastoma", "G4", months, "1.0", "WT", "non-codel", "", "No combined CNA"])
    order = rng.permutation(len(older))
    write_csv("tcga-gbmlgg/ceccarelli2016-table-s1.csv",
              ["patient", "Histology", "Grade", "Survival..months.", "Vital.status..1.dead.", "IDH.status", "X1p.19q.codeletion",
               "TERT.promoter.status", "Chr.7.gain.Chr.10.loss"], [older[i] for i in order])


def write_features(rows):
    """Three slides, one of each type of the diagnosis rule but the last: non-negative, nearly all zeros."""
    wanted = [("glioblastoma", 53), ("astrocytoma, grade 4", 61), ("astrocytoma, grade 2-3", 47)]
    (HERE / "features").mkdir(exist_ok=True)
    for label, patches in wanted:
        row = next(r for r in rows if r["paper_diagnosis"] == label and r["histologic_grade"]
                   and (label != "astrocytoma, grade 4" or r["cdkn2ab_homdel"]) and (label != "glioblastoma" or r["who2021_diagnosis"]))
        features = np.where(rng.random((patches, 32)) < 0.03, rng.exponential(8, (patches, 32)).clip(0, 42), 0).astype(np.float32)
        with h5py.File(HERE / f"features/{row['patient_id']}-01Z-00-DX1.h5", "w") as file:
            file.attrs["encoder"] = "invented"
            file.create_dataset("features", data=features)
            coords = file.create_dataset("coords", data=rng.integers(-20, 990, (patches, 2)))
            coords.attrs.update({"patch_size": 64, "patch_level": 0, "level_dim": [1024, 1024]})


def write_ivy_gap():
    structures = [("CT-CD44", "Cellular Tumor sampled by high expression of gene CD44"),
                  ("CT-reference-histology", "Cellular Tumor sampled by reference histology"),
                  ("LE-reference-histology", "Leading Edge sampled by reference histology")]
    rows, well = [], 900000001
    for tumour in range(26):
        name = f"W{60 + tumour // 2}-{1 + tumour % 2}-1"
        for block in rng.permutation(3 if tumour < 24 else 1):
            abbreviation, structure = structures[block] if rng.random() < 0.8 else structures[0]
            letter = "ABC"[block]
            rows.append([well, well + 10**6, 800000 + tumour, name, 810000 + 3 * tumour + block, f"{name}-{letter}", well + 2 * 10**6,
                         f"{name}-{letter}.0{block + 1}", 820000 + block, abbreviation, "#05d004", structure])
            well += 1
    write_csv("ivygap/columns-samples.csv",
              ["rna_well_id", "polygon_id", "tumor_id", "tumor_name", "block_id", "block_name", "specimen_id", "specimen_name",
               "structure_id", "structure_abbreviation", "structure_color", "structure_name"], rows)


def main():
    sites = [f"0{chr(ord('A') + s)}" for s, size in enumerate(SITE_SIZES) for _ in range(size)]
    rows, latents = zip(*(invent_patient(i, f"TCGA-{site}-{i:04d}") for i, site in enumerate(sites)))
    expression = invent_expression(rows, latents)
    write_csv("tcga-gbmlgg/expression.csv.gz", ["gene", *(row["patient_id"] for row in rows)],
              [[gene, *(f"{x:.4f}" for x in values)] for gene, values in expression.items()], compress=True)
    write_folds(rows)
    write_older_table(rows)
    write_csv("tcga-gbmlgg/clinical.csv", list(rows[0]), [list(row.values()) for row in rows])
    write_csv("tcga-gbmlgg/slides.csv", ["patient_id", "slide_id"], [[r["patient_id"], f"{r['patient_id']}-01Z-00-DX1.svs"] for r in rows])
    sets = [["TUMOUR", "invented", *TUMOUR], ["MICROENVIRONMENT", "invented", *MICROENVIRONMENT]]
    (HERE / "gene-sets").mkdir(exist_ok=True)
    (HERE / "gene-sets/glioma-subspaces.tcga1544.gmt").write_text("".join("\t".join(s) + "\n" for s in sets))
    write_features(rows)
    write_ivy_gap()


main()
