"""Writes the small feature files in bags/, each as the program that it stands for writes them.

    python make-bags.py        (PyTorch 2.13, NumPy 2.4 and safetensors; h5py 3.7 for .h5; what cannot be imported is skipped)

Every file holds the same matrix, x[i, j] = (4 i + j - 10) / 4 of 5 patches and width 4, whose values all float types hold exactly,
and, where its format has them, the coordinates (256 i, 512 - 256 i).
"""

import os

import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bags'))
x = (np.arange(20, dtype=np.float32).reshape(5, 4) - 10) / 4
coords = np.array([[256 * i, 512 - 256 * i] for i in range(5)])
HOME = '/home/jane/secret/job'  # nobody's business


def hdf5():
    import h5py

    def growing(file, name, values, attributes):  # CLAM's and TRIDENT's way: chunks of one row, the first axis can grow
        data = file.create_dataset(name, data=values, maxshape=(None,) + values.shape[1:], chunks=(1,) + values.shape[1:])
        data.attrs.update(attributes)

    with h5py.File('clam.h5', 'w') as file:
        growing(file, 'features', x, {})
        growing(file, 'coords', coords.astype(np.int32), {
            'patch_size': 256, 'patch_level': 1, 'downsample': np.array([4.0, 4.0]), 'downsampled_level_dim': np.array([1000, 800]),
            'level_dim': np.array([1000, 800]), 'name': 'slide', 'save_path': HOME})
    with h5py.File('trident.h5', 'w') as file:
        growing(file, 'features', x.astype(np.float16), {'name': 'slide', 'savetodir': HOME, 'encoder': 'uni_v1'})
        growing(file, 'coords', coords.astype(np.int64), {
            'patch_size': 256, 'patch_size_level0': 512, 'level0_magnification': 40, 'target_magnification': 20, 'overlap': 0,
            'name': 'slide', 'savetodir': HOME, 'level0_width': 4000, 'level0_height': 3200})
    with h5py.File('trident-unnamed.h5', 'w') as file:
        file['features'] = x
        file['features'].attrs.update({'name': 'slide', 'savetodir': HOME, 'encoder': 'None'})
    with h5py.File('trident-coords.h5', 'w') as file:
        growing(file, 'coords', coords.astype(np.int64), {'patch_size': 256})
    for name, attributes in [
        ('stamp', {'tile_size_um': 256.0, 'tile_size_px': 224, 'code_hash': '1234abcd', 'feat_type': 'tile'}),
        ('stamp-old', {'tile_size': 256.0}),
        ('stamp-slide', {'feat_type': 'slide'}),
    ]:
        with h5py.File(f'{name}.h5', 'w') as file:
            file['coords'] = coords.astype(np.float32) + 0.25
            file['feats'] = x.astype(np.float16)
            file.attrs.update({'stamp_version': '2.3.0', 'extractor': HOME + '/ctranspath-a1b2c3.pth', 'unit': 'um', **attributes})
    with h5py.File('reference.h5', 'w') as file:
        file['Res_feature'] = x[None]
        file['patches_coor'] = coords[:2]
    with h5py.File('bomb.h5', 'w') as file:  # nothing is ever written: a few bytes that claim to be terabytes
        file.create_dataset('features', shape=(2**31, 1024), chunks=(64, 1024), dtype=np.float32, compression='gzip')


def torch_save():
    import torch

    t = torch.from_numpy(x.copy())
    pixels = torch.from_numpy(coords)
    save = torch.save
    for name, dtype in [('f16', torch.float16), ('bf16', torch.bfloat16), ('f32', torch.float32), ('f64', torch.float64)]:
        save(t.to(dtype), f'tensor-{name}.pt')
    save(t[None], 'batch.pt')
    save([t], 'list.pt')
    save(t, 'protocol4.pt', pickle_protocol=4)
    save(x, 'trident.pt')  # TRIDENT hands the array itself to torch.save
    save({'features': t.half(), 'coords': pixels, 'encoder': 'uni_v1', 'patch_size_level0': 512}, 'dict.pt')
    larger = torch.full((10, 6), 99.0)
    larger[1::2, 1:5] = t
    save(larger[1::2, 1:5], 'slice.pt')  # rows apart from each other in a larger storage
    save(t.t().contiguous().t(), 'columns.pt')
    save(torch.zeros(1, 4).expand(1 << 40, 4), 'expanded.pt')
    save({'a': t, 'b': t}, 'two.pt')
    save(t.long(), 'whole.pt')
    save(t, 'before-1.6.pt', _use_new_zipfile_serialization=False)
    save(torch.nn.Linear(1, 1), 'module.pt')

    class Evil:
        def __reduce__(self):
            return os.system, ('touch /tmp/subspace-fusion-was-here',)

    save({'features': t, 'more': Evil()}, 'evil.pt')


def npy():
    for name, dtype in [('f16', '<f2'), ('f32', '<f4'), ('f64', '<f8'), ('big-endian', '>f4'), ('whole', '<i8')]:
        np.save(f'{name}.npy', x.astype(dtype))
    for version in [(2, 0), (3, 0)]:
        with open(f'version{version[0]}.npy', 'wb') as file:
            np.lib.format.write_array(file, x[None], version)
    np.save('columns.npy', np.asfortranarray(x))
    np.save('objects.npy', np.array([[{}]], dtype=object))
    np.savez('several.npz', features=x)


def safetensors():
    import torch
    from safetensors.torch import save_file

    t = torch.from_numpy(x.copy())
    save_file({'features': t.half(), 'coords': torch.from_numpy(coords)}, 'dict.safetensors',
              {'encoder': 'uni_v1', 'patch_size_level0': '512', 'source': HOME})
    save_file({'embedding': t.bfloat16()}, 'brains.safetensors')
    save_file({'feats': t.double(), 'other': t.clone()}, 'double.safetensors')


for part in [hdf5, torch_save, npy, safetensors]:
    try:
        part()
    except ImportError as error:
        print(f'{part.__name__}: skipped ({error})')
