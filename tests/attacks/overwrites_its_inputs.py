"""Results that are right only because the submission overwrote what the suite compares with are wrong.

exercise: matmul
keeps: test_gradcheck
expect: failed skipped raised
"""

import torch


class MatMul:
    @staticmethod
    def apply(X, Y):
        X.data.zero_()
        Y.data.zero_()
        return torch.zeros(len(X), Y.shape[1], dtype=X.dtype) * X.sum() * Y.sum()
