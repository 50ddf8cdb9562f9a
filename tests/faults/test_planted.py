"""The planted bugs fit the tree and the matrix; `make faults` has the campaign find them."""

from tests.faults import planted


def test_each_patch_fits_and_names_cells_that_there_are():
    assert list(planted.problems(planted.known())) == []


def test_there_are_enough_of_them():
    assert len(planted.known()) >= 20
