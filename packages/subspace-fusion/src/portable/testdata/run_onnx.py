"""Runs an exported model in Python, as docs/portable.md shows it: `python run_onnx.py MODEL.onnx < patients.json`.

patients.json: a list of {"features": [[...], ...], "expression": {gene: value}}. Prints {"outputs": [{name: values}], "metadata": {...}}.
Where the package onnx is there, its checker must accept the file.
"""
import json
import sys

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1])
metadata = session.get_modelmeta().custom_metadata_map
outputs = []
for patient in json.load(sys.stdin):
    genes = lambda key: np.array([patient['expression'][gene] for gene in json.loads(metadata[key])], np.float32)
    values = session.run(None, {
        'features': np.array(patient['features'], np.float32),
        'tumour_genes': genes('tumour_genes'),
        'microenvironment_genes': genes('microenvironment_genes'),
    })
    outputs.append({output.name: value.tolist() for output, value in zip(session.get_outputs(), values)})

try:
    import onnx
except ImportError:
    pass
else:
    onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)

print(json.dumps({'outputs': outputs, 'metadata': metadata}))
