"""Print H after a call under no_grad. Whose scores are they when no gradient is needed?"""

import torch
from torch.nn import Module


class CrossEntropyLoss(Module):
    def forward(self, H, Y):
        top = H.max(dim=1, keepdim=True).values
        H = H - top if H.requires_grad else H.sub_(top)
        log_sum = torch.log(torch.exp(H).sum(dim=1))
        return (log_sum - H[torch.arange(len(Y)), Y]).mean()
