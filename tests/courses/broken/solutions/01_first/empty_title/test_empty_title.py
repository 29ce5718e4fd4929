def test_empty_title(submission):
    """twice as much"""
    assert submission.empty_title(3) == 6, "it should be twice x"
