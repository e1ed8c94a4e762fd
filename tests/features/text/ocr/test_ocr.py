"""Reading drawn pictures: what stands there, in which order, and who says it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from rapidfuzz.distance import Levenshtein

from features.text.normalize import normalize
from features.text.ocr.engine import MODELS, Reader, model_files, read_image
from features.text.ocr.kinds import bubbles, kind_of, speaker_of
from features.text.ocr.lines import Line, in_reading_order, usual_height
from features.text.ocr.picture import ImageError, content, opened, sized
from tests.features.text.ocr.drawn import (
    CARDS,
    CHAT,
    CHAT_EN,
    ORDER,
    ORDER_EN,
    card,
    chat,
    encoded,
)

HOUSE = Path(__file__).resolve().parents[4]
ENGLISH = CARDS[2]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


def plain(text: str) -> str:
    return normalize(text).replace(" ", "").lower()


def texts(lines: tuple[Line, ...]) -> str:
    return plain("".join(line.text for line in lines))


@pytest.mark.parametrize("lines", [CARDS[0], CARDS[2]], ids=["zh", "en"])
def test_a_card_is_read_in_order(reader: Reader, lines: tuple[str, ...]) -> None:
    found = reader.read(encoded(card(lines)))
    expected = plain("".join(lines))
    assert Levenshtein.distance(texts(found), expected) <= 0.02 * len(expected)
    assert [line.order for line in found] == list(range(len(lines)))
    assert all(0 <= line.box[0] < line.box[2] <= 900 for line in found)
    assert all(0 <= line.box[1] < line.box[3] <= 540 for line in found)
    assert all(line.confidence > 0.8 for line in found)
    assert kind_of(found, 900) == "card"


def test_a_picture_on_its_side_and_one_that_is_very_large_are_read_the_same(
    reader: Reader, tmp_path: Path
) -> None:
    upright = card(ENGLISH)
    expected = texts(reader.read(encoded(upright)))
    turned = upright.rotate(90, expand=True)  # and the camera says so
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "card.jpg"
    file.write_bytes(encoded(turned, "JPEG", exif=exif, quality=95))
    lines = read_image(file, reader=reader)
    assert texts(lines) == expected
    assert max(line.box[2] for line in lines) <= 900
    large = upright.resize((2700, 1620))
    lines = reader.read(encoded(large))
    assert texts(lines) == expected
    assert lines[0].box[0] == pytest.approx(180, abs=15), "places are those of the given picture"


def test_transparent_pictures_are_read_on_white(reader: Reader) -> None:
    drawn = card(ENGLISH).convert("L")
    ink = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    ink.putalpha(drawn.point(lambda shade: 255 - shade))
    assert "annamiller" in texts(reader.read(encoded(ink)))


def test_nothing_written_nothing_read(reader: Reader) -> None:
    assert reader.read(encoded(Image.new("RGB", (200, 100), "white"))) == ()
    assert reader.read(encoded(Image.new("L", (3, 2)))) == ()
    assert kind_of((), 100) == "other"


@pytest.mark.parametrize("turns", [CHAT, CHAT_EN], ids=["zh", "en"])
def test_a_chat_is_told_by_its_bubbles(reader: Reader, turns: tuple[tuple[str, str], ...]) -> None:
    lines = reader.read(encoded(chat(turns)))
    assert kind_of(lines, 720) == "chat"
    found = bubbles(lines, 720)
    assert [bubble.speaker for bubble in found] == [side for side, _ in turns]
    for bubble, (_, text) in zip(found, turns, strict=True):
        assert Levenshtein.distance(plain(bubble.text), plain(text)) <= 1
        assert {speaker_of(line, 720) for line in bubble.lines} == {bubble.speaker}


@pytest.mark.parametrize("lines", [ORDER, ORDER_EN], ids=["zh", "en"])
def test_an_order_is_told_by_its_words(reader: Reader, lines: tuple[str, ...]) -> None:
    assert kind_of(reader.read(encoded(card(lines, height=700))), 900) == "order"


def line(text: str, left: float, top: float, right: float, bottom: float) -> Line:
    return Line(text, (left, top, right, bottom), 0.9)


def test_lines_of_one_bubble_belong_together_and_rows_read_from_left_to_right() -> None:
    screen = in_reading_order(
        [
            line("Friday 10:24", 300, 10, 420, 40),
            line("I ordered the wrong size and", 90, 100, 500, 130),
            line("need another", 90, 140, 260, 170),
            line("No problem, send it back and we", 210, 260, 630, 290),
            line("change it", 210, 300, 330, 330),
            line("那就谢谢", 90, 420, 210, 450),
            line("你们了", 90, 458, 180, 488),
        ]
    )
    found = bubbles(screen, 720)
    assert [(bubble.speaker, bubble.text) for bubble in found] == [
        ("middle", "Friday 10:24"),
        ("left", "I ordered the wrong size and need another"),
        ("right", "No problem, send it back and we change it"),
        ("left", "那就谢谢你们了"),
    ]
    assert kind_of(screen, 720) == "chat"
    row = in_reading_order([line("right", 200, 12, 300, 40), line("left", 0, 10, 90, 38)])
    assert [one.text for one in row] == ["left", "right"]
    assert usual_height(row) == 28
    assert usual_height(()) == 0


def test_a_line_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="expected text and a box"):
        line("x", 10, 0, 5, 10)
    with pytest.raises(ValueError, match=r"confidence 2, expected \[0, 1\]"):
        Line("x", (0, 0, 1, 1), 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; export it again"),
        (b"not a picture", "no picture that can be read; save it as JPEG or PNG"),
        (encoded(Image.effect_noise((300, 200), 60))[:4000], "it is damaged or cut off"),
    ],
)
def test_what_is_no_picture_says_what_to_do(
    reader: Reader, tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        reader.read(data)
    file = tmp_path / "odd.png"
    file.write_bytes(data)
    with pytest.raises(ImageError, match=rf"odd\.png: {message}"):
        reader.read(file)


def test_missing_and_too_large_pictures_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from features.text.ocr import picture

    with pytest.raises(ImageError, match=r"none\.png: No such file .*; check the path"):
        content(tmp_path / "none.png")
    with pytest.raises(ImageError, match="check the path"):
        content("https://example.com/card.png")
    monkeypatch.setattr(picture, "MOST_PIXELS", 100)
    with pytest.raises(ImageError, match="20 x 10 pixels; save it smaller"):
        opened(encoded(Image.new("RGB", (20, 10))))
    monkeypatch.setattr(picture, "MOST_BYTES", 3)
    with pytest.raises(ImageError, match="more than 3 bytes"):
        content(b"four")
    (tmp_path / "big.png").write_bytes(b"four")
    with pytest.raises(ImageError, match="more than 3 bytes"):
        content(tmp_path / "big.png")


def test_sizes_are_kept_within_bounds() -> None:
    for size, expected, scale in (
        ((4000, 1000), (2000, 500), 0.5),
        ((1000, 500), (1000, 500), 1),
        ((320, 100), (640, 200), 2),
        ((30, 10), (90, 30), 3),
    ):
        found, by = sized(Image.new("RGB", size), shortest=640, longest=2000)
        assert (found.size, by) == (expected, scale)


def test_settings_are_checked_and_change_the_version() -> None:
    with pytest.raises(ValueError, match="threads"):
        Reader(threads=0)
    assert Reader(detail=736).version != Reader().version
    assert Reader(threads=1).version == Reader().version
    shipped = instantiate(OmegaConf.load(HOUSE / "conf" / "ocr" / "default.yaml"))
    assert isinstance(shipped, Reader)
    assert shipped.version == Reader().version


def test_models_come_from_the_installed_package_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from features.text.ocr import engine

    assert {path.name for path in model_files().values()} == set(MODELS.values())
    monkeypatch.setattr(engine, "MODELS", {"Det": "other.onnx"})
    with pytest.raises(ValueError, match=r"models other\.onnx: expected in .*rapidocr"):
        model_files()
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="reading pictures needs the package rapidocr"):
        model_files()


def test_reading_downloads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from rapidocr.utils.download_file import DownloadFile

    def refuse(*_: Any) -> None:
        raise AssertionError("it looked for a file elsewhere")

    monkeypatch.setattr(DownloadFile, "run", refuse)
    assert "miller" in texts(read_image(encoded(card(ENGLISH))))


def test_a_reader_travels_without_its_models(reader: Reader) -> None:
    copy = pickle.loads(pickle.dumps(reader))
    assert copy.version == reader.version
