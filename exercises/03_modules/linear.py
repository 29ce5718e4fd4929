"""A linear layer: a module with a weight matrix and a bias.

    X       (..., in_dim)       any number of leading dimensions, none as well
    weight  (in_dim, out_dim)
    bias    (out_dim,)          or None
    result  (..., out_dim)      X times weight, plus bias

`Linear(in_dim, out_dim, bias=True, init_factor=2.0)` makes a layer. Its `weight` is drawn from a normal
distribution with mean 0 and standard deviation sqrt(init_factor / in_dim). Its `bias` starts at zero, or is
None when the layer is made with `bias=False`.

What is graded
- `weight` and `bias` are the layer's parameters, under these names, float32, with the shapes above
- their first values; each new layer draws its own weight
- the result, for the values that weight and bias have at that moment (training changes them)
- the gradients of weight, bias and X
- a layer converted with `layer.double()` computes in float64

torch's own linear layers and `functional.linear` are what you write here: using them earns no points.
"""

from torch.nn import Module


class Linear(Module):
    def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
        raise NotImplementedError

    def forward(self, X):
        raise NotImplementedError
