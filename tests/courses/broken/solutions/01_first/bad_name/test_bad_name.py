def test_bad_name(submission):
    """twice as much"""
    assert submission.bad_name(3) == 6, "it should be twice x"
