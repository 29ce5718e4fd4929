"""A module that applies other modules one after the other.

    model = Sequential(layer1, layer2, layer3)
    model(X)    is    layer3(layer2(layer1(X)))

The layers are modules of any kind, one or more of them. Another Sequential may be among them.

What is graded
- the result, for any number of layers from one on
- the layers are the model's submodules: `model.parameters()` holds the parameters of all of them, and
  `model.eval()`, `model.double()` and the like reach every layer
- it is the given layers that run, not copies of them
- a layer object given twice runs twice, with one set of parameters
- gradients reach every layer and X

torch's own `nn.Sequential` earns no points.
"""

from torch.nn import Module


class Sequential(Module):
    def __init__(self, *layers):
        raise NotImplementedError

    def forward(self, X):
        raise NotImplementedError
