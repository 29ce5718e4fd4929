def test_wrong_item(submission):
    """twice as much"""
    assert submission.wrong_item(3) == 6, "it should be twice x"
