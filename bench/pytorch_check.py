"""Checks the PyTorch network against parity fixtures: `python bench/pytorch_check.py DIR`.

Outputs, losses and every gradient of the small models, then the 20 training steps of the trace, each within the
tolerance that the manifest states. Without this, a fast comparison could be a comparison with the wrong network.
"""
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import load_file

from pytorch_network import SubspaceFusion, coordinate, task_loss, total_loss
from pytorch_step import train_step


def load(folder, *cases):
    return {name: x for case in cases for name, x in load_file(folder / f'{case}.safetensors').items()}


def labels_of(tensors, weights):
    if weights:
        return {'class': tensors['in/target'].long(), 'weights': torch.tensor(weights)}
    return {'bin': tensors['in/interval'].long(), 'time': tensors['in/time'].float(), 'censored': tensors['in/censored']}


def build(tensors):
    """The network with the fixture's weights, in evaluation mode: dropout is off in every case."""
    genes = [tensors[f'in/genes_{s}'].shape[1] for s in ('tumor', 'immune')]
    model = SubspaceFusion(*genes, classes=len(tensors['w/classifier.bias'])).eval()
    weights = {name[2:]: x for name, x in tensors.items() if name.startswith('w/')}
    missing, unused = model.load_state_dict(weights, strict=False)
    assert not missing and all(name.startswith('classifier_') for name in unused), (missing, unused)
    return model, tuple(tensors[f'in/{name}'] for name in ('patches', 'genes_tumor', 'genes_immune'))


def small_model(tensors, weights):
    model, inputs = build(tensors)
    labels = labels_of(tensors, weights)
    output = model(*inputs)
    loss = total_loss(output, labels)
    loss.backward()
    got = {'out/logits': output[0], 'out/task_loss': task_loss(output[0], labels), 'out/total_corrected': loss}
    got |= {f'grad/{name}': p.grad.clone() for name, p in model.named_parameters()}
    coordinate(model.classifier, output[1], labels)
    return got | {'out/classifier_grad_corrected': model.classifier.weight.grad}


def training_trace(tensors):
    model, inputs = build(tensors)
    labels = labels_of(tensors, None)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    losses = []
    for _ in tensors['out/total']:
        with torch.no_grad():
            losses.append(total_loss(model(*inputs), labels))
        train_step(model, optimiser, inputs, labels)
    norms = {f'final_norm/{name}': p.norm() for name, p in model.named_parameters()}
    return norms | {'out/total': torch.stack(losses), 'out/final_classifier': model.classifier.weight}


def report(case, got, tensors, tolerances):
    """Prints the case's worst error as a share of what is allowed; True where it is within."""
    worst, worst_name = 0.0, ''
    for name, value in got.items():
        expected = tensors[name].double()
        allowed = tolerances[name]['abs'] + tolerances[name]['rel'] * expected.abs().max().item()
        share = (value.detach().double() - expected).abs().max().item() / allowed
        if math.isnan(share) or share > worst:
            worst, worst_name = share, name
    print(f'{case}: {len(got)} tensors, worst error {worst:.1%} of the tolerance ({worst_name})')
    return worst <= 1


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = json.loads((folder / 'manifest.json').read_text())['cases']
    passed = True
    for case in ('model-small-diagnosis', 'model-small-grading', 'model-small-survival', 'training-trace'):
        trace = case == 'training-trace'
        tensors = load(folder, case) if trace else load(folder, 'model-small-shared', case)
        got = training_trace(tensors) if trace else small_model(tensors, cases[case]['config']['class_weights'])
        tolerances = {t['name']: t['tolerance'] for t in cases[case]['tensors'] if t.get('tolerance')}
        passed &= report(case, got, tensors, tolerances)
    sys.exit(0 if passed else 1)


if __name__ == '__main__':
    main()
