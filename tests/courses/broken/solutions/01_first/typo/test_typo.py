def test_typo(submission):
    """twice as much"""
    assert submission.typo(3) == 6, "it should be twice x"
