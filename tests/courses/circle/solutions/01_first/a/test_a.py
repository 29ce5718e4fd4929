def test_a(submission):
    """twice as much"""
    assert submission.a(3) == 6, "it should be twice x"
