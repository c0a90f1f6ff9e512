"""Cameras share few decoders, and what lies idle is bounded."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from streams.packet import StreamParameters
from streams.pool import DecoderPool

PARAMETERS = StreamParameters("h264", 128, 96, b"", Fraction(1, 90_000))


def test_a_decoder_given_back_serves_the_next_camera_of_its_kind() -> None:
    pool = DecoderPool()
    first = pool.decoder(PARAMETERS)
    pool.give_back(PARAMETERS, first)
    assert pool.decoder(replace(PARAMETERS)) is first
    other = pool.decoder(replace(PARAMETERS, extradata=b"other"))
    assert other is not first


def test_a_decoder_that_leaves_something_out_is_not_lent_for_an_exact_picture() -> None:
    pool = DecoderPool()
    rough, exact = pool.decoder(PARAMETERS), pool.decoder(PARAMETERS, exact=True)
    pool.give_back(PARAMETERS, exact, exact=True)
    pool.give_back(PARAMETERS, rough)
    assert pool.decoder(PARAMETERS, exact=True) is exact
    assert pool.decoder(PARAMETERS) is rough


def test_two_at_once_get_two_and_few_are_kept() -> None:
    pool = DecoderPool(idle=3)
    kinds = [replace(PARAMETERS, extradata=bytes([kind])) for kind in range(10)]
    lent = [pool.decoder(kind) for kind in kinds]
    assert len({id(decoder) for decoder in lent}) == 10
    for kind, decoder in zip(kinds, lent, strict=True):
        pool.give_back(kind, decoder)
    assert pool.idle == 3
    assert pool.decoder(kinds[9]) is lent[9]
    assert pool.decoder(kinds[0]) is not lent[0]
