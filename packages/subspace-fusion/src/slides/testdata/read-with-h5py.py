"""Reads a feature file with h5py as CLAM and TRIDENT do, and prints what it holds as JSON: python read-with-h5py.py FILE"""

import json
import sys

import h5py
import numpy as np


def plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def attributes(thing):
    return {name: plain(value) for name, value in thing.attrs.items()}


with h5py.File(sys.argv[1], 'r') as file:
    datasets = {name: {'dtype': str(data.dtype), 'shape': data.shape, 'values': data[:].tolist(), 'attributes': attributes(data)} for name, data in file.items()}
    print(json.dumps({'datasets': datasets, 'attributes': attributes(file)}))
