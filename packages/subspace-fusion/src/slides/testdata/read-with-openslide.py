"""Reads regions of slides with OpenSlide and writes their SHA-256 to openslide.json.

    python read-with-openslide.py FOLDER > openslide.json      (OpenSlide 3.4.1; FOLDER holds the slides)

A region is hashed as RGB bytes, row by row; what lies outside the slide is white. Levels whose downsampling is no whole number
are read at their origin only: elsewhere OpenSlide shifts them by parts of a pixel.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import openslide

slides = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.suffix in ('.svs', '.tif'))
regions = []
for path in slides:
    slide = openslide.OpenSlide(str(path))
    for level, ((width, height), downsample) in enumerate(zip(slide.level_dimensions, slide.level_downsamples)):
        places = [(0, 0), (width // 2 - 50, height // 2 - 60), (width - 90, height - 77)] if downsample == int(downsample) else [(0, 0)]
        for x, y in places:
            image = np.array(slide.read_region((int(x * downsample), int(y * downsample)), level, (150, 130)))
            rgb = np.where(image[..., 3:] == 255, image[..., :3], 255).astype(np.uint8)
            regions.append({'slide': path.name, 'level': level, 'x': x, 'y': y, 'width': 150, 'height': 130, 'sha256': hashlib.sha256(rgb.tobytes()).hexdigest()})
print(json.dumps(regions, indent=1))
