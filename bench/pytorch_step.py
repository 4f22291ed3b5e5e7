"""Times the training step (or the inference) of the network in eager PyTorch and prints one JSON object.

secondsPerStep is the median after one warm-up step, peakMemoryBytes the largest resident size of this process.
"""
import argparse
import json
import resource
import statistics
import sys
import time

import torch

from pytorch_network import PATCH_WIDTH, SubspaceFusion, coordinate, total_loss

TUMOR_GENES, IMMUNE_GENES = 59, 361
CLASSES = 4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bag', type=int, default=2500)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--steps', type=int, default=3, help='measured steps, after one warm-up step')
    parser.add_argument('--task', choices=('survival', 'diagnosis'), default='survival')
    parser.add_argument('--mode', choices=('train', 'inference'), default='train')
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def random_batch(batch, bag, task, device):
    inputs = (torch.rand(batch, bag, PATCH_WIDTH), torch.randn(batch, TUMOR_GENES), torch.randn(batch, IMMUNE_GENES))
    bins = torch.arange(batch) % CLASSES
    if task == 'diagnosis':
        labels = {'class': bins, 'weights': torch.ones(CLASSES)}
    else:
        labels = {'bin': bins, 'time': torch.arange(batch) + 1.0, 'censored': torch.zeros(batch)}
    return tuple(x.to(device) for x in inputs), {name: x.to(device) for name, x in labels.items()}


def train_step(model, optimiser, inputs, labels):
    optimiser.zero_grad()
    output = model(*inputs)
    total_loss(output, labels).backward()
    coordinate(model.classifier, output[1], labels)
    optimiser.step()


@torch.inference_mode()
def infer(model, inputs):
    model(*inputs)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    cuda = args.device.startswith('cuda')

    model = SubspaceFusion(TUMOR_GENES, IMMUNE_GENES, CLASSES).to(args.device)
    model.train(args.mode == 'train')
    # Adam adds the weight decay inside step(), so after the coordination.
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    inputs, labels = random_batch(args.batch, args.bag, args.task, args.device)

    seconds = []
    for _ in range(1 + args.steps):
        start = time.perf_counter()
        if args.mode == 'train':
            train_step(model, optimiser, inputs, labels)
        else:
            infer(model, inputs)
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)

    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {
        'secondsPerStep': statistics.median(seconds[1:]),
        'peakMemoryBytes': resident * (1 if sys.platform == 'darwin' else 1024),
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
    }
    if cuda:
        result['peakDeviceMemoryBytes'] = torch.cuda.max_memory_allocated()
    print(json.dumps(result))


if __name__ == '__main__':
    main()
