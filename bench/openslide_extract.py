"""Patch features with OpenSlide and PyTorch, as CLAM and its like compute them, at the places where `subspace extract` took them.

    openslide_extract.py --export resnet50.onnx          writes the encoder (ResNet-50 up to its third stage) and its YAML
    openslide_extract.py SLIDE FEATURES.h5               encodes the patches of FEATURES.h5 again and prints one JSON object

Weights are random from a fixed seed: the time does not depend on their values. The clock runs from the opening of the slide to the
written features; the places of the patches are given, so no tissue has to be found.
"""
import argparse
import json
import resource
import time

import h5py
import numpy as np
import openslide
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

MEAN, STD = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
SIZE = 224
YAML = 'name: resnet50 to its third stage\nmean: [0.485, 0.456, 0.406]\nstd: [0.229, 0.224, 0.225]\n'


def encoder():
    torch.manual_seed(0)
    resnet = torchvision.models.resnet50(weights=None)
    return nn.Sequential(*list(resnet.children())[:-3], nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


class Patches(Dataset):
    def __init__(self, slide, corners, edge):
        self.path, self.corners, self.edge, self.slide = slide, corners, edge, None

    def __len__(self):
        return len(self.corners)

    def __getitem__(self, i):
        self.slide = self.slide or openslide.OpenSlide(self.path)  # one for each process
        x, y = map(int, self.corners[i])
        image = self.slide.read_region((x, y), 0, (self.edge, self.edge)).convert('RGB').resize((SIZE, SIZE), Image.BILINEAR)
        return (torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255 - MEAN) / STD


def cpu_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


@torch.inference_mode()
def extract(slide, features_file, batch, workers):
    with h5py.File(features_file) as file:
        corners, expected = file['coords'][:], file['features'][:]
        edge = int(file['coords'].attrs['patch_size_level0'])
    model = encoder()
    start, busy = time.perf_counter(), cpu_seconds()
    loader = DataLoader(Patches(slide, corners, edge), batch_size=batch, num_workers=workers)
    features = np.concatenate([model(images).numpy() for images in loader])
    with h5py.File(features_file + '.pytorch', 'w') as file:
        file['features'], file['coords'] = features, corners
    seconds, busy = time.perf_counter() - start, cpu_seconds() - busy
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        'patches': len(corners),
        'seconds': seconds,
        'cpuSeconds': busy,
        'peakMemoryBytes': 1024 * sum(used),
        'difference': float(np.linalg.norm(features - expected) / np.linalg.norm(features)),
        'torch': torch.__version__,
        'openslide': openslide.__library_version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('slide', nargs='?')
    parser.add_argument('features', nargs='?')
    parser.add_argument('--export')
    parser.add_argument('--batch', type=int, default=8)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--workers', type=int, default=1, help='processes that read the slide')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.export:
        batch = ({0: torch.export.Dim('n')},)
        torch.onnx.export(encoder(), (torch.zeros(2, 3, SIZE, SIZE),), args.export, input_names=['image'], output_names=['features'],
                          dynamic_shapes=batch, external_data=False)
        with open(args.export.removesuffix('.onnx') + '.yaml', 'w') as file:
            file.write(YAML)
    else:
        print(json.dumps(extract(args.slide, args.features, args.batch, args.workers)))


if __name__ == '__main__':
    main()
