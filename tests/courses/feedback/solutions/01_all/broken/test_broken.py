import torch


def test_create_graph(submission):
    """Asks for what does not cross"""
    x = torch.ones(1, requires_grad=True)
    torch.autograd.grad(submission.double(x), x, create_graph=True)
