"""Classification and survival metrics in plain NumPy, from their definitions."""
import math

import numpy as np

from oracle import concordance


def ratio(a, b):
    """a / b, 0 where it is undefined."""
    return a / b if b else 0.0


def classification(probabilities, truth):
    """Macro metrics over the classes in truth or prediction; balanced accuracy over those in truth.

    The first of equal maxima is the prediction.  The AUC is one class against the rest, NaN where a class has no
    patient or no other.
    """
    predicted = probabilities.argmax(1)
    rows = {}
    for c in sorted(set(truth) | set(predicted)):
        tp, fp = int(((predicted == c) & (truth == c)).sum()), int(((predicted == c) & (truth != c)).sum())
        fn, tn = int(((predicted != c) & (truth == c)).sum()), int(((predicted != c) & (truth != c)).sum())
        rows[c] = {"f1": ratio(2 * tp, 2 * tp + fp + fn), "sensitivity": ratio(tp, tp + fn),
                   "specificity": ratio(tn, tn + fp), "precision": ratio(tp, tp + fp)}
    aucs = [auc(probabilities[:, c], truth == c) for c in range(probabilities.shape[1])]
    result = {name: float(np.mean([row[name] for row in rows.values()])) for name in next(iter(rows.values()))}
    return result | {
        "accuracy": float((predicted == truth).mean()),
        "balanced_accuracy": float(np.mean([rows[c]["sensitivity"] for c in sorted(set(truth))])),
        "auc": math.nan if any(map(math.isnan, aucs)) else float(np.mean(aucs)),
    }


def auc(score, positive):
    """Share of the pairs of a positive and a negative that are in order; ties count half."""
    if positive.all() or not positive.any():
        return math.nan
    difference = score[positive][:, None] - score[~positive][None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def kaplan_meier(time, event):
    """One row a distinct time: time, at risk, deaths, survival, standard error (Greenwood)."""
    rows, alive, variance = [], 1.0, 0.0
    for t in np.unique(time):
        at_risk, deaths = int((time >= t).sum()), int(((time == t) & (event == 1)).sum())
        alive *= 1.0 - deaths / at_risk
        variance += deaths / (at_risk * (at_risk - deaths)) if at_risk > deaths else math.inf
        rows.append((t, at_risk, deaths, alive, alive * math.sqrt(variance) if alive else math.nan))
    return np.array(rows)


def log_rank(time, event, group):
    """chi-square and p-value (two or three groups), and [observed, expected] deaths of each group."""
    groups = np.unique(group)
    observed, expected = np.zeros(len(groups)), np.zeros(len(groups))
    covariance = np.zeros((len(groups), len(groups)))
    for t in np.unique(time[event == 1]):
        n = np.array([((time >= t) & (group == g)).sum() for g in groups], float)
        d = np.array([((time == t) & (event == 1) & (group == g)).sum() for g in groups], float)
        share, deaths = n / n.sum(), d.sum()
        observed += d
        expected += deaths * share
        if n.sum() > 1:
            factor = deaths * (n.sum() - deaths) / (n.sum() - 1)
            covariance += factor * (np.diag(share) - np.outer(share, share))
    off = (observed - expected)[1:]
    chi = float(off @ np.linalg.solve(covariance[1:, 1:], off))
    p = {2: lambda x: math.erfc(math.sqrt(x / 2)), 3: lambda x: math.exp(-x / 2)}[len(groups)](chi)
    return np.array([chi, p]), np.array([observed, expected])


def survival(time, event, score, group):
    """Every expected tensor of one survival set."""
    index, concordant, discordant, tied_score, tied_time = concordance(event, time, score)
    test, counts = log_rank(time, event, group)
    result = {"concordance": np.array(math.nan if index is None else index),
              "pairs": np.array([concordant, discordant, tied_score, tied_time], np.int32),
              "logrank": test, "observed_expected": counts, "kaplan_meier_all": kaplan_meier(time, event)}
    for g in np.unique(group):
        result[f"kaplan_meier_group{g}"] = kaplan_meier(time[group == g], event[group == g])
    return result
