def test_beta(submission):
    """twice as much"""
    assert submission.beta(3) == 6, "it should be twice x"
