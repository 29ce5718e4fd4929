def test_no_reference(submission):
    """twice as much"""
    assert submission.no_reference(3) == 6, "it should be twice x"
