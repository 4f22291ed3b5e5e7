"""Writes checkpoints as PyTorch programs write them, and what the network of bench/pytorch_network.py computes with them.

    python make_checkpoints.py        (PyTorch 2.13; run from this folder)

grade.pth     a training checkpoint: {epoch, model_state_dict, optimizer_state_dict}, names with the prefix of DataParallel, parameters that
              never reach the loss beside the others. Weights are overlapping windows of two short lists of random numbers: the file
              stays small, and their steps are not those of a matrix stored by rows.
grade.json    the logits of two samples, computed in double precision. Inputs are formulas: features[i, j] = sin(0.7 i + 1.3 j + b), genes[g] = 2 cos(g + b) for
              the tumour and 2 sin(g + b) for the microenvironment, sample b.
layers.pth    the state dict of two small layers, bare, one of them in half precision and one transposed
layers.json   its numbers
"""
import collections
import json
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).parents[5] / 'bench'))
import pytorch_network  # noqa: E402

TOKENS, WIDTH, TUMOUR, MICROENVIRONMENT, CLASSES = 100, 16, 5, 7, 3
SHIFT = 64  # from a row of a large weight to the next, in numbers of its list

torch.manual_seed(1)
large = (torch.rand(20000) - 0.5) / 4
small = (torch.rand(13000) - 0.5) / 1.5


def window(name, shape):
    """A weight as a window of one of the lists, at a place of its own."""
    rows, columns = shape[0], torch.Size(shape[1:]).numel()
    pool, shift = (small, min(columns, 16)) if columns <= 36 else (large, SHIFT)
    offset = sum(name.encode()) % 1900
    inner = torch.empty(shape[1:]).stride()
    assert offset + shift * (rows - 1) + columns <= len(pool), name
    return torch.as_strided(pool, shape, (shift, *inner), offset)


def filled(name, like):
    if like.dim() > 1:
        return window(name, like.shape)
    if 'norm' in name:
        return torch.rand(like.shape) + (0.5 if name.endswith('weight') else -0.5)
    return (torch.rand(like.shape) - 0.5) / 4


def idle_parameters():
    """What the published network has and its loss does not."""
    for s in ('tumor', 'immune'):
        yield f'classifier_{s}.0.weight', torch.rand(CLASSES, 128)
        yield f'classifier_{s}.0.bias', torch.rand(CLASSES)
        yield f'omic_net_{s}.classifier.0.weight', torch.rand(CLASSES, 128)
        yield f'pathomic_net_{s}.cls_token', torch.rand(1, 1, 128)
        yield f'pathomic_net_{s}.layer3.attn1d.to_q.weight', window('attn1d', (512, 16, 1))


def samples():
    i, j = torch.arange(TOKENS).double()[:, None], torch.arange(WIDTH).double()[None]
    b = torch.arange(2).double()
    features = torch.sin(0.7 * i + 1.3 * j + b[:, None, None])
    tumour = 2 * torch.cos(torch.arange(TUMOUR).double() + b[:, None])
    microenvironment = 2 * torch.sin(torch.arange(MICROENVIRONMENT).double() + b[:, None])
    return features.float(), tumour.float(), microenvironment.float()


def grade():
    pytorch_network.PATCH_WIDTH = WIDTH
    network = pytorch_network.SubspaceFusion(TUMOUR, MICROENVIRONMENT, CLASSES).eval()
    weights = {name: filled(name, p) for name, p in network.state_dict().items()}
    network.load_state_dict(weights)
    with torch.no_grad():
        single = network(*samples())[0]
        logits = network.double()(*(x.double() for x in samples()))[0]
    assert (logits - single).abs().max() < 1e-5, 'the samples stand where float32 is touchy'
    state = collections.OrderedDict((f'module.{name}', p) for name, p in [*weights.items(), *idle_parameters()])
    optimiser = {'state': {0: {'step': torch.tensor(3.0), 'exp_avg': torch.zeros(2)}}, 'param_groups': [{'lr': 1e-3, 'betas': (0.9, 0.999), 'params': [0]}]}
    torch.save({'epoch': 7, 'model_state_dict': state, 'optimizer_state_dict': optimiser}, 'grade.pth')
    pathlib.Path('grade.json').write_text(json.dumps({'logits': logits.tolist()}, indent=1) + '\n')


def layers():
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).half()
    network[0].weight = torch.nn.Parameter((torch.arange(6).float() / 7).reshape(3, 2).t())
    state = network.state_dict()
    torch.save(state, 'layers.pth')
    numbers = {name: {'shape': list(x.shape), 'data': x.float().flatten().tolist()} for name, x in state.items()}
    pathlib.Path('layers.json').write_text(json.dumps(numbers, indent=1) + '\n')


grade()
layers()
