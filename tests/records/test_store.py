"""Files in a folder and in a bucket: the same promises."""

from __future__ import annotations

import pytest

from clinic.core.files import FileMissing, Store


def test_what_is_put_is_read_back_whole_and_in_parts(any_store: Store) -> None:
    any_store.put("papers/ab/cd/original.pdf", b"0123456789", content_type="application/pdf")
    assert any_store.read("papers/ab/cd/original.pdf") == b"0123456789"
    assert any_store.read("papers/ab/cd/original.pdf", 2, 5) == b"234"
    assert any_store.read("papers/ab/cd/original.pdf", 8) == b"89"
    assert any_store.size("papers/ab/cd/original.pdf") == 10


def test_keys_are_listed_by_what_they_begin_with(any_store: Store) -> None:
    for key in ("papers/b/1.jpg", "papers/a/1.jpg", "audit-heads/1.json"):
        any_store.put(key, b"x", content_type="image/jpeg")
    assert list(any_store.keys("papers/")) == ["papers/a/1.jpg", "papers/b/1.jpg"]
    assert [kept.size for kept in any_store.listing()] == [1, 1, 1]


def test_what_is_deleted_is_missing_and_deleting_twice_is_no_error(any_store: Store) -> None:
    any_store.put("papers/a/1.jpg", b"x", content_type="image/jpeg")
    any_store.delete("papers/a/1.jpg")
    any_store.delete("papers/a/1.jpg")
    assert list(any_store.keys()) == []
    with pytest.raises(FileMissing):
        any_store.read("papers/a/1.jpg")
    with pytest.raises(FileMissing):
        any_store.size("papers/a/1.jpg")


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../b", "a//b", "A", "a\0b", "a\n", ".x", "a/" * 200]
)
def test_a_key_that_is_not_ours_is_refused(any_store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        any_store.put(key, b"x", content_type="image/jpeg")
    with pytest.raises(ValueError, match="no key"):
        any_store.read(key)
