"""Who is ranked where: a made-up class with copies in it, groups, stubs, idioms, wrong results."""

from __future__ import annotations

from functools import cache

import pytest

from grader.similarity import Options, Ranking, rank
from grader.similarity.analyse import given
from grader.similarity.detail import detail
from grader.similarity.rank import Entry
from grader.similarity.traits import Kind
from tests.similarity import classes
from tests.similarity.classes import FakeBook, book_of, failed, made_up, plant
from tests.similarity.disguises import broken

KNOWN = {slug: given([classes.stub(slug)]) for slug in classes.SLUGS}
PLANTED = (("verbatim", 4), ("some", 5), ("everything", 7))
PAIRS_EACH = 5


def who(entry: Entry) -> frozenset[str]:
    return frozenset(one.name for one in (*entry.left, *entry.right))


def ranked(book: FakeBook, top: int = 50) -> Ranking:
    return rank(book, KNOWN, Options(top=top))


@cache
def class_of_300() -> tuple[Ranking, dict[str, set[frozenset[str]]]]:
    works, draw = made_up(300, 11)
    planted = {how: plant(works, draw, PAIRS_EACH, exercises, how) for how, exercises in PLANTED}
    for some in works.values():
        some.pop("copied", None)
    return ranked(book_of(works)), planted


def test_planted_copies_come_first_and_honest_pairs_do_not_stand_out() -> None:
    ranking, planted = class_of_300()
    copies = set().union(*planted.values())
    first = [who(entry) for entry in ranking.entries]
    found = sum(one in copies for one in first[: len(copies)])
    flagged = [who(entry) for entry in ranking.entries if entry.stands_out]
    right = sum(one in copies for one in flagged)
    recall = {how: sum(one in pairs for one in first[:30]) for how, pairs in planted.items()}
    print(f"\n{found} of {len(copies)} in the first {len(copies)}; {right} of {len(flagged)} that stand out are copies")
    print(f"among the first 30, of {PAIRS_EACH} each: {recall}")
    assert found >= 9
    assert right >= 7
    assert len(flagged) - right <= 3
    assert recall["verbatim"] == PAIRS_EACH


@pytest.mark.parametrize("seed", [21, 22])
def test_in_an_honest_class_hardly_anybody_stands_out(seed: int) -> None:
    works, _ = made_up(100, seed)
    assert ranked(book_of(works)).outstanding <= 1


def test_the_order_is_the_same_in_every_run() -> None:
    works, draw = made_up(40, 3)
    plant(works, draw, 2, 3, "verbatim")
    for some in works.values():
        some.pop("copied", None)
    orders = [[(who(one), one.strength) for one in ranked(book_of(works)).entries] for _ in range(2)]
    assert orders[0] == orders[1]


def test_untouched_stubs_share_nothing() -> None:
    works = {f"s{n}": {"linear": classes.stub("linear"), "relu": classes.stub("relu")} for n in range(40)}
    assert ranked(book_of(works)).entries == ()


def test_an_idiom_that_many_use_is_no_evidence() -> None:
    idiom = (
        "import torch\n\ndef f(H, Y):\n    return -torch.log_softmax(H, 1).gather(1, Y[:, None]).squeeze(1).mean()\n"
    )
    works = {f"s{n}": {"cross_entropy": idiom + f"\n# the {n}th of us wrote this\n"} for n in range(40)}
    assert ranked(book_of(works)).entries == ()


def test_the_members_of_a_group_are_not_reported_and_their_copier_is_once() -> None:
    works, _ = made_up(30, 5, ("linear", "device"))
    names = sorted(works)
    refs = {}
    for slug in ("linear", "device"):
        ours = works[names[3]][slug] + "\n# our very own remark\n"
        for name in (names[3], names[9], names[20]):
            works[name][slug] = ours
            refs[name, slug] = f"group 7/{slug}"
        works[names[12]][slug] = ours
    ranking = ranked(book_of(works, refs=refs))
    group = {names[3], names[9], names[20]}
    assert who(ranking.entries[0]) == group | {names[12]}
    assert {one.name for one in ranking.entries[0].left} in (group, {names[12]})
    assert not [one for one in ranking.entries if who(one) <= group]
    assert len([one for one in ranking.entries if names[12] in who(one) and who(one) & group]) == 1


def test_the_same_contents_handed_in_twice_are_no_group() -> None:
    works, _ = made_up(30, 6, ("device",))
    names = sorted(works)
    works[names[4]] = dict(works[names[7]])
    assert {names[4], names[7]} in [who(one) for one in ranked(book_of(works)).entries[:3]]


def test_a_wrong_result_that_few_have_is_evidence_and_one_that_many_have_is_not() -> None:
    works = {f"s{n:02d}": {"relu": f"def f(x):\n    return x.a{n}()\n"} for n in range(60)}
    names = sorted(works)
    results = {(name, "relu"): failed("relu", [f"got {n}, expected 1"]) for n, name in enumerate(names)}
    for name in names[:20]:
        results[name, "relu"] = failed("relu", ["got the sum, expected the mean"], "sum_for_mean")
    for name in names[40:42]:
        results[name, "relu"] = failed("relu", ["got tensor(0.1234), expected tensor(0.4321)"], "odd_one")
    standing = ranked(book_of(works, results=results)).standings["relu"]
    assert standing.failures.of(40, 41) == pytest.approx(4.9, abs=0.1)
    assert standing.failures.of(0, 1) == 0
    assert standing.failures.of(50, 51) == 0


def test_what_is_shared_is_shown_with_its_lines() -> None:
    works, _ = made_up(40, 9, ("linear",))
    names = [name for name in sorted(works) if works[name]]
    own = "import torch\n\n\nclass Linear(torch.nn.Module):\n    def forward(self, X):\n"
    odd = "        kept = torch.einsum('ab,bc->ac', X, self.weight).cumsum(0).flip(0).diff()  # by hand , as ever\n"
    works[names[0]]["linear"] = own + odd + "        return kept.exp().log().mean()\n"
    works[names[1]]["linear"] = own + "        print(X)\n\n" + odd + "        return kept.exp().log().mean()\n"
    book = book_of(works)
    ranking = ranked(book)
    entry = next(one for one in ranking.entries if who(one) == {names[0], names[1]})
    found = detail(book, ranking.standings["linear"], entry.parts[0], KNOWN["linear"])
    assert (found.left.share_in_other, found.right.share_in_other, found.similarity) == (1.0, 1.0, 1.0)
    assert [(one.left, one.right) for one in found.regions] == [((6, 7), (8, 9))]
    kinds = {trait.kind: trait.text for trait, _ in found.shared}
    assert kinds[Kind.COMMENT] == "by hand , as ever"
    assert {Kind.LINE, Kind.NAME} <= set(kinds)
    assert not found.same_bytes


def test_a_file_with_a_syntax_error_is_compared_all_the_same() -> None:
    works, _ = made_up(40, 10, ("device",))
    names = [name for name in sorted(works) if works[name]]
    works[names[2]]["device"] = broken(works[names[5]]["device"])
    assert {names[2], names[5]} in [who(one) for one in ranked(book_of(works)).entries[:12]]


def test_a_class_too_small_to_judge_is_only_ranked() -> None:
    works, _ = made_up(6, 4, ("device",))
    names = [name for name in sorted(works) if works[name]]
    works[names[0]] = dict(works[names[1]])
    ranking = ranked(book_of(works))
    assert who(ranking.entries[0]) == {names[0], names[1]}
    assert ranking.entries[0].z is None
    assert ranking.outstanding == 0


@pytest.mark.parametrize("students", [0, 1, 2, 3])
def test_hardly_any_students_are_no_problem(students: int) -> None:
    works: dict[str, dict[str, str | bytes]] = {
        f"s{n}": {"relu": f"x = y.a(1).b({n})\n", "sgd": b"\0"} for n in range(students)
    }
    ranking = ranked(book_of(works))
    assert ranking.outstanding == 0
    assert all(one.unread == students for slug, one in ranking.standings.items() if slug == "sgd")
