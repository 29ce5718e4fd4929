"""Results whose elements overlap in memory, or lie far apart in it, arrive as plain tensors.

exercise: matmul
keeps: test_forward test_gradcheck test_nothing_else_changes
expect: failed skipped raised
"""

import torch


class MatMul:
    @staticmethod
    def apply(X, Y):
        Z = X @ Y
        far = torch.empty_strided(Z.shape, (4_000_000, 1000), dtype=Z.dtype)
        far.copy_(Z.detach())
        if Z.requires_grad:
            return Z.sum() * torch.zeros(9).as_strided(Z.shape, (1, 1))
        return far
