"""Scores, calibration, operating points and temperature of class probabilities from scikit-learn 1.9 and SciPy 1.17. Run in this folder: python classes.py"""

import json

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, recall_score, roc_curve

rng = np.random.default_rng(3)
n, classes = 60, 3
logits = np.round(2 * rng.normal(size=(n, classes)), 1)
truth = np.array([rng.choice(classes, p=row) for row in softmax(logits / 1.7, axis=1)])
probabilities = softmax(logits, axis=1)
predicted = probabilities.argmax(1)
confidence = probabilities.max(1)


def mean_nll(log_temperature):
    return -log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(n), truth].mean()


BINS = 5
right = (predicted == truth).astype(int)
observed, mean_confidence = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
counts = np.histogram(np.ceil(confidence * BINS), bins=np.arange(BINS + 1) + 0.5)[0]
counts = counts[counts > 0]

# Operating points of class 1: thresholds in 1/10 steps, so that scores are tied; the highest of equally good ones.
score = np.round(probabilities[:, 1], 1)
false_positive, true_positive, thresholds = roc_curve(truth == 1, score, drop_intermediate=False)
youden = thresholds[np.argmax(true_positive - false_positive)]
fixed = thresholds[np.argmax(true_positive >= 0.9)]


def at(threshold):
    called = score >= threshold
    return [recall_score(truth == 1, called), recall_score(truth != 1, ~called)]


values = {
    "logits": logits.tolist(),
    "truth": truth.tolist(),
    "brier": brier_score_loss(truth, probabilities, labels=range(classes), scale_by_half=False),
    "logLoss": log_loss(truth, probabilities),
    "reliability": {"bins": BINS, "observed": observed.tolist(), "predicted": mean_confidence.tolist(), "counts": counts.tolist()},
    "expectedCalibrationError": float((counts * np.abs(observed - mean_confidence)).sum() / n),
    "temperature": float(np.exp(minimize_scalar(mean_nll, bounds=(-3, 3), method="bounded", options={"xatol": 1e-12}).x)),
    "operating": {"score": score.tolist(), "youden": [youden, *at(youden)], "sensitivity90": [fixed, *at(fixed)]},
}
with open("classes.json", "w") as file:
    json.dump(values, file)
    file.write("\n")
