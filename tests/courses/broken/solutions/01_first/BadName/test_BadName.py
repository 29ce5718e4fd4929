def test_BadName(submission):
    """twice as much"""
    assert submission.BadName(3) == 6, "it should be twice x"
