def test_alpha(submission):
    """twice as much"""
    assert submission.alpha(3) == 6, "it should be twice x"
