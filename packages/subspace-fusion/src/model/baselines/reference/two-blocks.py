# What blocks.test.ts expects: python3 two-blocks.py (NumPy, SciPy). Ridge with a penalty for each of two blocks, without scaled columns
# or a dual form: every pair of penalties is fitted by BFGS on every fold, and on all patients, as the definition is written.
import numpy as np
from scipy.optimize import minimize

n, p, first = 30, 7, 4
i, j = np.arange(n)[:, None], np.arange(p)[None, :]
x = np.float32(np.sin((i + 1) * (j + 2) * 0.7 + j)).astype(float)
z = (x - x.mean(0)) / x.std(0)
signal = 1.2 * x[:, 0] - x[:, 5]
time = np.exp(-signal + np.sin(3.1 * np.arange(n) ** 2))
event = np.arange(n) % 4 != 3
kind = np.digitize(x[:, 0] - 2 * x[:, 5] + np.sin(2.3 * np.arange(n) ** 2), [-0.8, 0.8])
# Folds of the program's random stream (seed 2): of the Cox model, then of the classes. blocks.test.ts checks them.
COX_FOLDS = np.array([int(c) for c in open('two-blocks-folds.txt').readline().strip()])
CLASS_FOLDS = np.array([int(c) for c in open('two-blocks-folds.txt').readlines()[1].strip()])

at_risk = (time[None, :] >= time[:, None]).astype(float)  # [who dies, who is at risk]
def cox(eta, rows):  # Breslow's negative log partial likelihood of these patients
    rows = np.asarray(rows)
    sums = at_risk[np.ix_(rows, rows)] @ np.exp(eta[rows])
    return np.sum(event[rows] * (np.log(sums) - eta[rows]))

weights = n / (3 * np.bincount(kind))[kind]
def classes(eta, rows):
    rows = np.asarray(rows)
    return np.sum(weights[rows] * (np.log(np.exp(eta[rows]).sum(1)) - eta[rows, kind[rows]]))

def fit(loss, outputs, rows, penalties, intercept):  # a column whose penalty is infinite takes no part
    size = outputs * (p + intercept)
    used = np.isfinite(penalties)
    def predict(theta):
        t = theta.reshape(outputs, -1)
        eta = z[:, used] @ t[:, :p][:, used].T + (t[:, p] if intercept else 0)
        return eta if outputs > 1 else eta[:, 0]
    def objective(theta):
        t = theta.reshape(outputs, -1)[:, :p]
        return loss(predict(theta), rows) / len(rows) + 0.5 * np.sum(penalties[used] * t[:, used] ** 2)
    theta = minimize(objective, np.zeros(size), method='BFGS', options=dict(gtol=1e-8)).x
    return theta, predict(theta)

def choose(loss, outputs, folds, count, held_out, slopes, intercept):
    everyone = list(range(n))
    best = None
    for share in [1, 0.9, 0.75, 0.5, 0.25, 0.1, 0]:
        squares = np.array([share] * first + [(1 - share) * first / (p - first)] * (p - first))
        top = 1000 * np.max(np.abs(np.sqrt(squares) * slopes))
        for step in range(count):
            lam = top * 10 ** (-5 * step / (count - 1))
            penalties = np.array([lam / s if s > 0 else np.inf for s in squares])
            total = 0
            for f in range(max(folds) + 1):
                training = [k for k in everyone if folds[k] != f]
                _, eta = fit(loss, outputs, training, penalties, intercept)
                total += held_out(eta, training, [k for k in everyone if folds[k] == f])
            if best is None or total < best[0] - 1e-9: best = (total, share, lam, penalties)
    theta, _ = fit(loss, outputs, everyone, best[3], intercept)
    print('share', best[1], 'lambda', repr(best[2]), '\n', np.array2string(theta.reshape(outputs, -1), precision=6, separator=', '))

martingale = np.array([event[k] - sum(1 / np.sum(time >= time[r]) for r in range(n) if event[r] and time[r] <= time[k]) for k in range(n)])
choose(cox, 1, COX_FOLDS, 30, lambda eta, training, held: cox(eta, list(range(n))) - cox(eta, training), martingale @ z / n, 0)
residual = weights[:, None] * (np.eye(3)[kind] - 1 / 3)
choose(classes, 3, CLASS_FOLDS, 16, lambda eta, training, held: classes(eta, held), np.max(np.abs(residual.T @ z), axis=0) / n, 1)
