def test_other(submission):
    """twice as much"""
    assert submission.other(3) == 6, "it should be twice x"
