from collections import Counter
from pathlib import Path

import pytest

from shared.demo.photos import choose_photos
from shared.errors import Rejected
from shared.imaging.decode import ImageLimits, decode_image

PORTRAITS, SPOTS, FACES = "us_official_portraits", "ffhq_acne_spots", "sfhq_t2i_faces"


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, count in ((PORTRAITS, 40), (SPOTS, 40), (FACES, 40)):
        put(root / name / "images", *(f"{name}-{number:02d}.jpg" for number in range(count)))
    return root


def test_a_folder_of_ones_own_is_used_in_order_and_only_its_pictures(tmp_path: Path, data: Path) -> None:
    mine = put(tmp_path / "mine", "b.JPG", "a.png", "notes.txt", "deep/c.webp", "d.jpeg", "e.gif")
    chosen = choose_photos(mine, data, 10)
    assert [photo.data for photo in chosen] == [b"a.png", b"b.JPG", b"d.jpeg", b"deep/c.webp"]
    assert {(photo.source, photo.real) for photo in chosen} == {("your folder", True)}
    assert len(choose_photos(mine, data, 2)) == 2


def test_a_folder_without_pictures_is_named_with_what_to_do(tmp_path: Path, data: Path) -> None:
    empty = put(tmp_path / "empty", "notes.txt")
    with pytest.raises(Rejected, match=r"holds no \.jpg, \.png or \.webp file; name another folder") as caught:
        choose_photos(empty, data, 10)
    assert caught.value.code == "no_photographs"
    assert str(empty) in caught.value.sentence


def test_a_folder_is_not_mistaken_for_a_picture(tmp_path: Path, data: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "album.jpg").mkdir(parents=True)
    put(mine / "album.jpg", "a.png")
    assert [photo.data for photo in choose_photos(mine, data, 10)] == [b"a.png"]


def test_the_data_at_hand_is_mixed_in_its_shares_and_each_is_called_what_it_is(data: Path) -> None:
    chosen = choose_photos(None, data, 24)
    kinds = Counter(photo.data.decode().rpartition("-")[0] for photo in chosen)
    assert kinds == {PORTRAITS: 10, SPOTS: 10, FACES: 4}
    assert len({photo.data for photo in chosen}) == 24
    for photo in chosen:
        assert photo.real is not photo.data.startswith(FACES.encode())
        assert ("no real person" in photo.source) is not photo.real


def test_the_same_data_is_chosen_the_same_way_each_time(data: Path) -> None:
    assert choose_photos(None, data, 30) == choose_photos(None, data, 30)


def test_data_that_runs_out_gives_all_there_is_once(tmp_path: Path) -> None:
    put(tmp_path / PORTRAITS / "images", "1.jpg", "2.jpg", "3.jpg")
    assert sorted(photo.data for photo in choose_photos(None, tmp_path, 10)) == [b"1.jpg", b"2.jpg", b"3.jpg"]


def test_without_any_data_a_packages_portrait_and_renderings_of_it_are_used_and_labelled(tmp_path: Path) -> None:
    chosen = choose_photos(None, tmp_path / "nowhere", 4)
    assert [photo.real for photo in chosen] == [True, False, False, False]
    assert "public domain" in chosen[0].source
    assert all("rendering" in photo.source for photo in chosen[1:])
    shapes = [decode_image(photo.data, ImageLimits()).shape for photo in chosen]
    assert shapes == [(400, 400, 3), *[(360, 360, 3)] * 3]
    assert choose_photos(None, tmp_path / "nowhere", 4) == chosen
    assert len(choose_photos(None, tmp_path / "nowhere", 1)) == 1
