def test_unknown_limit(submission):
    """twice as much"""
    assert submission.unknown_limit(3) == 6, "it should be twice x"
