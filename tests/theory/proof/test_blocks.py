"""Identities between blocks are decided by two algorithms, and a false one is refused by both."""

import pytest

from theory.proof.blocks import BLOCK_IDENTITIES, BlockIdentity, holds_freely, holds_in_matrices


@pytest.mark.parametrize("identity", BLOCK_IDENTITIES, ids=str)
def test_block_identities_hold_by_both_algorithms(identity):
    assert holds_freely(identity)
    assert holds_in_matrices(identity)


def test_a_false_block_identity_is_refused_by_both_algorithms():
    true = BLOCK_IDENTITIES[2]
    false = BlockIdentity("without R(h) on the right", true.left, BLOCK_IDENTITIES[1].left)
    assert not holds_freely(false)
    assert not holds_in_matrices(false)
