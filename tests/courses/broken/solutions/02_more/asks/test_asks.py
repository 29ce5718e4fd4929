def test_asks(submission):
    """twice as much"""
    assert submission.asks(3) == 6, "it should be twice x"
