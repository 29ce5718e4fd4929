def test_no_stub(submission):
    """twice as much"""
    assert submission.no_stub(3) == 6, "it should be twice x"
