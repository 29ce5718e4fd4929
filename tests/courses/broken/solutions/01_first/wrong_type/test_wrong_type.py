def test_wrong_type(submission):
    """twice as much"""
    assert submission.wrong_type(3) == 6, "it should be twice x"
