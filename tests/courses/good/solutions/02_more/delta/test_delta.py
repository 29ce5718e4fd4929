def test_delta(submission):
    """twice as much"""
    assert submission.delta(3) == 6, "it should be twice x"
