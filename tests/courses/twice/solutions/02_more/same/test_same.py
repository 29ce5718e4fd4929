def test_same(submission):
    """twice as much"""
    assert submission.same(3) == 6, "it should be twice x"
