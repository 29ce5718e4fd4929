def test_no_metadata(submission):
    """twice as much"""
    assert submission.no_metadata(3) == 6, "it should be twice x"
