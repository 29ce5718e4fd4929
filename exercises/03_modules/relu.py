"""The rectifier: a module without parameters.

    X       any shape, a single number () too
    result  the same shape    max(X, 0), for each element on its own

`ReLU()` makes the module, and the module called with X gives the result.

What is graded
- the values, for tensors of any shape
- float32 stays float32, float64 stays float64, without loss of precision
- the gradient: the incoming one where X > 0, and zero where X < 0; X may be an input or the result of earlier
  computations, and one ReLU object may be used several times
- X is left as it was
- the module has no parameters

At X = 0 exactly the function has a corner: any gradient between zero and the incoming one is accepted there.
What happens to NaN isn't graded.

torch's own `relu` and its relatives (`nn.ReLU`, `leaky_relu`, `threshold` ...) earn no points.
"""

from torch.nn import Module


class ReLU(Module):
    def forward(self, X):
        raise NotImplementedError
