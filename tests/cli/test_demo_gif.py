"""The animation of the README: frames into a GIF, without a browser."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))
import demo_gif  # noqa: E402  # a script beside the documents, in no package
from demo_gif import Frame  # noqa: E402


def picture(place: int, size: tuple[int, int] = (90, 60)) -> Image.Image:
    image = Image.new("RGB", size, "#f6f7f8")
    ImageDraw.Draw(image).rectangle((place, 10, place + 20, 30), "#2457a6")
    return image


def stored(path: Path) -> list[tuple[int, Image.Image]]:
    """Each picture of a GIF, and how long it stands."""
    with Image.open(path) as gif:
        found = []
        for i in range(getattr(gif, "n_frames", 1)):
            gif.seek(i)
            found.append((int(gif.info["duration"]), gif.convert("RGB")))
        return found


def test_pictures_that_repeat_become_time(tmp_path: Path) -> None:
    frames = [Frame(picture(at), ms) for at, ms in ((0, 400), (0, 400), (30, 700), (0, 200), (0, 100))]
    assert [frame.ms for frame in demo_gif.merged(frames)] == [800, 700, 300]
    path = tmp_path / "a.gif"
    demo_gif.write(frames, path)
    found = stored(path)
    assert [ms for ms, _ in found] == [800, 700, 300]
    assert [image.getpixel((40, 20)) for _, image in found] == [(246, 247, 248), (36, 87, 166), (246, 247, 248)]


def test_it_is_of_the_pictures_size_endless_and_of_one_palette(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    noisy = Image.effect_noise((90, 60), 90).convert("RGB")
    demo_gif.write([Frame(noisy, 100), *(Frame(picture(at), 100) for at in (0, 30, 60))], path, colours=16)
    with Image.open(path) as gif:
        assert (gif.size, gif.info["loop"]) == ((90, 60), 0)
        colours = set()
        for i in range(4):
            gif.seek(i)
            colours |= {color for _, color in gif.convert("RGB").getcolors(90 * 60) or []}
    assert 2 < len(colours) <= 16


def test_the_colours_there_is_most_of_are_kept_as_they_are(tmp_path: Path) -> None:
    image = picture(0)
    for i in range(40):  # as at the edges of letters, close by
        image.putpixel((50 + i, 50), (246 - i % 5, 247 - i % 7, 248 - i % 3))
    image.putpixel((45, 55), (180, 80, 27))
    demo_gif.write([Frame(image, 100)], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        found = gif.convert("RGB")
    assert [found.getpixel(at) for at in ((45, 5), (10, 20))] == [(246, 247, 248), (36, 87, 166)]
    ring = found.getpixel((45, 55))
    assert isinstance(ring, tuple)
    assert all(abs(a - b) < 12 for a, b in zip(ring, (180, 80, 27), strict=True))


def test_what_changes_little_takes_little(tmp_path: Path) -> None:
    background = Image.effect_noise((300, 200), 90).convert("RGB")
    frames = []
    for i in range(20):
        image = background.copy()
        image.paste(picture(i, (60, 40)), (10, 10))
        frames.append(Frame(image, 100))
    demo_gif.write(frames[:1], tmp_path / "one.gif")
    demo_gif.write(frames, tmp_path / "all.gif")
    assert (tmp_path / "all.gif").stat().st_size < 2 * (tmp_path / "one.gif").stat().st_size


@pytest.mark.parametrize(("count", "kept"), [(3, [0, 1, 2]), (5, [0, 1, 2, 3, 4]), (9, [0, 2, 4, 6, 8]), (0, [])])
def test_a_long_session_is_thinned_from_its_first_picture_to_its_last(count: int, kept: list[int]) -> None:
    assert demo_gif.thinned(list(range(count)), 5) == kept


def test_a_caption_stands_below_and_a_ring_where_the_pointer_is() -> None:
    shot = io.BytesIO()
    picture(0).save(shot, "PNG")
    plain = demo_gif.captioned(shot.getvalue(), "what is done")
    assert plain.size == (90, 60 + demo_gif.STRIP)
    assert plain.crop((0, 0, 90, 60)).tobytes() == picture(0).tobytes()
    assert len(plain.crop((0, 60, 90, 60 + demo_gif.STRIP)).getcolors() or []) > 1
    ringed = demo_gif.captioned(shot.getvalue(), "what is done", (45.0, 30.0))
    assert ringed.getpixel((45, 16)) == (180, 80, 27)
    assert ringed.getpixel((45, 30)) == plain.getpixel((45, 30))


def test_the_one_in_the_readme_is_bounded() -> None:
    path = DOCS / "demo.gif"
    assert path.stat().st_size < 3_000_000
    found = stored(path)
    assert 10_000 <= sum(ms for ms, _ in found) <= 20_000
    assert found[0][1].width == demo_gif.WIDTH
    assert "![" in (readme := (DOCS.parent / "README.md").read_text(encoding="utf-8"))
    assert "](docs/demo.gif)" in readme
