"""A handle may claim any class; the judge believes none whose objects torch's C++ code would read as its own.

exercise: sequential
expect: failed raised skipped
"""

import torch

CLAIMS = ["Parameter", "Generator", "device", "dtype", "Size", "UntypedStorage", "FloatTensor"]


class Everything:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __iter__(self):
        return iter([self] * 5)

    def __len__(self):
        return 5

    def __bool__(self):
        return True

    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return True

    def __hash__(self):
        return 0


claimed = [type(name, (Everything,), {"__module__": "torch", "__qualname__": name}) for name in CLAIMS]
claimed += [type("Parameter", (Everything,), {"__module__": "torch.nn.parameter", "__qualname__": "Parameter"})]
claimed += [type("TensorBase", (Everything,), {"__module__": "torch._C", "__qualname__": "TensorBase"})]
claimed += [type("Node", (Everything,), {"__module__": "torch._C._autograd", "__qualname__": "Node"})]


class Sequential(*claimed):
    def __init__(self, *layers):
        self.layers = layers
