def test_not_toml(submission):
    """twice as much"""
    assert submission.not_toml(3) == 6, "it should be twice x"
