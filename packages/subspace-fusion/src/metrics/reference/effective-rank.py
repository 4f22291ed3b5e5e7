# Effective rank (Roy and Vetterli 2007) of a fixed matrix by numpy's singular values: python3 effective-rank.py > effective-rank.json
import json
import numpy as np

n, d = 6, 4
x = np.sin(1.0 + np.arange(n * d) * 0.7).reshape(n, d)
wide = np.cos(np.arange(5 * 9) ** 1.3).reshape(5, 9)


def effective_rank(m):
    p = np.linalg.svd(m, compute_uv=False)
    p = p / p.sum()
    p = p[p > 1e-15]
    return float(np.exp(-(p * np.log(p)).sum()))


print(json.dumps([{"n": len(m), "x": m.flatten().tolist(), "rank": effective_rank(m)} for m in (x, wide)]))
