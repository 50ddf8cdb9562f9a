"""How often a group that changes is looked at closely."""

from services.cluster.domain.closer_looks import CloserLooks


def test_a_group_that_is_soon_done_is_never_looked_at_closely_and_others_now_and_then():
    seconds = [0.0]
    looks = CloserLooks(2.0, lambda: seconds[0])

    def asked_at(*moments: float) -> list[bool]:
        answers = []
        for seconds[0] in moments:
            answers.append(looks.due("slow"))
        return answers

    assert asked_at(0.0, 0.25, 1.9) == [False, False, False]
    assert asked_at(2.0, 2.25, 3.9, 4.1) == [True, False, False, True]
    assert not looks.due("new")


def test_each_look_is_a_close_one_where_that_is_asked_for():
    looks = CloserLooks(0.0)
    assert [looks.due("any") for _ in range(3)] == [True, True, True]
