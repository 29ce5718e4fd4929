def test_zeta(submission):
    """twice as much"""
    assert submission.zeta(3) == 6, "it should be twice x"
