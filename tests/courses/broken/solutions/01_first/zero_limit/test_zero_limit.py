def test_zero_limit(submission):
    """twice as much"""
    assert submission.zero_limit(3) == 6, "it should be twice x"
