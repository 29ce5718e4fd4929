def test_no_title(submission):
    """twice as much"""
    assert submission.no_title(3) == 6, "it should be twice x"
