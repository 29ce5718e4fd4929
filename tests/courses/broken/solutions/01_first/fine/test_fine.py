def test_fine(submission):
    """twice as much"""
    assert submission.fine(3) == 6, "it should be twice x"
