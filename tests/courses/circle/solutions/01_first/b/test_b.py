def test_b(submission):
    """twice as much"""
    assert submission.b(3) == 6, "it should be twice x"
