def test_not_text(submission):
    """twice as much"""
    assert submission.not_text(3) == 6, "it should be twice x"
