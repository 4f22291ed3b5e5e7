"""Reads regions of real slides with OpenSlide and writes their SHA-256 to openslide.json.

    python read-with-openslide.py FOLDER > openslide.json        (OpenSlide 3.4.1; FOLDER holds the slides)

A region is hashed as RGB bytes, row by row; what lies outside the slide is white. Levels whose downsampling is no whole number
are read at their origin only: elsewhere OpenSlide shifts them by parts of a pixel.
"""

import hashlib
import json
import sys

import numpy as np
import openslide

SLIDES = ['CMU-1-Small-Region.svs', 'TCGA-CR-7395-01A-01-TS1.svs', 'TCGA-HT-7470-roi.pyramid.tif']

regions = []
for name in SLIDES:
    slide = openslide.OpenSlide(f'{sys.argv[1]}/{name}')
    for level, ((width, height), downsample) in enumerate(zip(slide.level_dimensions, slide.level_downsamples)):
        places = [(0, 0), (width // 2 - 50, height // 2 - 60), (width - 90, height - 77)] if downsample == int(downsample) else [(0, 0)]
        for x, y in places:
            image = np.array(slide.read_region((int(x * downsample), int(y * downsample)), level, (150, 130)))
            rgb = np.where(image[..., 3:] == 255, image[..., :3], 255).astype(np.uint8)
            regions.append({'slide': name, 'level': level, 'x': x, 'y': y, 'width': 150, 'height': 130, 'sha256': hashlib.sha256(rgb.tobytes()).hexdigest()})
print(json.dumps(regions, indent=1))
