"""What scikit-learn and NumPy find in the invented cohort.

    python3 expected.py          (scikit-learn 1.9)
"""
import csv
import gzip

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

patients = list(csv.DictReader(open("tcga-gbmlgg/clinical.csv")))
header, *lines = list(csv.reader(gzip.open("tcga-gbmlgg/expression.csv.gz", "rt")))
values = {line[0]: np.clip(np.array(line[1:], float), -3, 3) for line in lines}
tumour = open("gene-sets/glioma-subspaces.tcga1544.gmt").readline().split("\t")[2:]
x = np.array([values[gene.strip()] for gene in tumour]).T
assert header[1:] == [p["patient_id"] for p in patients]

for column in ("who2021_diagnosis", "histologic_grade"):
    known = np.array([p[column] != "" for p in patients])
    labels = np.array([p[column] for p in patients])
    fold = np.array([int(p["fold"]) for p in patients])
    aucs = []
    for k in range(5):
        train, test = known & (fold != k), known & (fold == k)
        model = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=np.logspace(-4, 1, 6), cv=3, class_weight="balanced", scoring="roc_auc_ovr", max_iter=5000))
        model.fit(x[train], labels[train])
        aucs.append(roc_auc_score(labels[test], model.predict_proba(x[test]), multi_class="ovr", labels=model.classes_))
    print(column, "mean", round(float(np.mean(aucs)), 4), "standard deviation", round(float(np.std(aucs, ddof=1)), 4), np.round(aucs, 4))

# Genes that hardly vary once values in the outer hundredths are drawn in: fewer than 15 % of the patients are a quarter
# of a standard deviation from the mean.
still = []
for gene in {gene.strip() for line in open("gene-sets/glioma-subspaces.tcga1544.gmt") for gene in line.split("\t")[2:]}:
    v = np.array(next(line[1:] for line in lines if line[0] == gene), float)
    drawn_in = np.clip(v, *np.quantile(v, [0.01, 0.99]))
    if (np.abs(v - drawn_in.mean()) / drawn_in.std() > 0.25).mean() < 0.15:
        still.append(gene)
print("hardly vary:", still)
