from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from ingest.load import load
from ingest.report import Counts, LoadReport
from ingest.sources.base import SourceError
from ingest.sources.files import Files
from ingest.sources.guess import guess
from ingest.sources.mapping import FOLDER, read_mapping
from ingest.sources.readers import delimited, jsonl, reader_for
from ingest.sources.readers.text import Utf8Stream, encoding_of
from ingest.store import Store

SALES = "buyer,sku,qty,price,time\nann,tea,2,2.5,2024-05-31 18:00\nbob,cup,1,4,2024-06-01 09:00\n"


def run(root: Path, path: Path, **settings: str) -> tuple[LoadReport, Store]:
    store = Store(root / "store")
    source = Files(path=str(path), **settings)  # type: ignore[arg-type]
    return load(source, store, root / "rejected", progress=False), store


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def mapping(path: Path, *tables: dict[str, object]) -> Path:
    path.write_text(yaml.safe_dump({"tables": list(tables)}, allow_unicode=True))
    return path


EVENTS: dict[str, object] = {
    "table": "events",
    "columns": {"customer_id": "buyer", "item_id": "sku", "occurred_at": "time", "quantity": "qty"},
    "constants": {"kind": "purchase"},
}


def test_a_file_with_a_feedback_column_needs_no_configuration(tmp_path: Path) -> None:
    file = write(tmp_path / "customer_feedback.csv", 'feedback\n很好用\n"bad, very"\n很好用\n')
    os.utime(file, (1717149600, 1717149600))
    report, store = run(tmp_path, file)
    assert report.tables == {"feedback": Counts(3, 3, 0, 0)}
    rows = store.read("feedback").to_pylist()
    assert sorted(row["text"] for row in rows) == ["bad, very", "很好用", "很好用"]
    assert {row["occurred_at"] for row in rows} == {datetime(2024, 5, 31, 10, tzinfo=UTC)}
    assert {row["kind"] for row in rows} == {"review"}
    os.utime(file)
    assert run(tmp_path, file)[0].tables == {"feedback": Counts(3, 0, 3, 0)}
    assert "taken for feedback: text from 'feedback'" in report.notes[0]


@pytest.mark.parametrize("header", ["text", "content", "内容", "消息", "评论", "Review"])
def test_other_words_for_feedback(tmp_path: Path, header: str) -> None:
    file = write(tmp_path / "said.csv", f"{header},时间,用户\nfine,2024-05-31,ann\n")
    _, store = run(tmp_path, file, zone="Asia/Shanghai")
    (row,) = store.read("feedback").to_pylist()
    assert (row["text"], row["customer_id"]) == ("fine", "ann")
    assert row["occurred_at"] == datetime(2024, 5, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_encodings_and_formats(tmp_path: Path, encoding: str, packed: bool, kind: str) -> None:
    rows = [{"评论": f"很好{n}", "用户": f"张{n}"} for n in range(5)]
    if kind == "jsonl":
        text = "".join(orjson.dumps(row).decode() + "\n" for row in rows)
    else:
        comma = {"csv": ",", "tsv": "\t"}[kind]
        text = f"评论{comma}用户\r\n" + "".join(f"{r['评论']}{comma}{r['用户']}\r\n" for r in rows)
    data = text.encode(encoding)
    file = tmp_path / (f"said.{kind}" + (".gz" if packed else ""))
    file.write_bytes(gzip.compress(data) if packed else data)
    report, store = run(tmp_path, file)
    assert report.tables == {"feedback": Counts(5, 5, 0, 0)}
    stored = store.read("feedback").sort_by("text").to_pylist()
    assert [(r["text"], r["customer_id"]) for r in stored] == [
        (f"很好{n}", f"张{n}") for n in range(5)
    ]


def test_text_in_no_known_encoding_is_told_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "said.csv"
    file.write_bytes(b"feedback\nfine\nbad \xff\xff byte\n")
    report, store = run(tmp_path, file)
    assert (
        "said.csv, row 3: expected text in UTF-8 or GB18030, received byte 0xff" in report.errors[0]
    )
    assert store.version("feedback") is None


def test_a_character_across_chunks_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.readers.text.CHUNK", 7)
    for encoding in ("utf-8", "gb18030"):
        file = write(tmp_path / "said.csv", "评论\n" + "很好用\n" * 20, encoding)
        assert encoding_of(file) == encoding
        (part,) = reader_for(file)(file)
        assert part.rows["评论"].to_pylist() == ["很好用"] * 20


def test_a_stream_gives_as_many_bytes_as_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.readers.text.CHUNK", 5)
    file = write(tmp_path / "said.csv", "\ufeff评论\n很好\n\n不好")
    whole = "评论\n很好\n\n不好".encode()
    assert Utf8Stream(file).read() == whole
    stream = Utf8Stream(file)
    assert stream.readable()
    assert [stream.read(10), stream.read(3), stream.read(100), stream.read(5)] == [
        whole[:10], whole[10:13], whole[13:], b"",
    ]  # fmt: skip
    assert list(Utf8Stream(file).lines()) == whole.split(b"\n")


def test_a_quote_that_is_never_closed_is_kept_as_one_broken_row(tmp_path: Path) -> None:
    file = write(tmp_path / "said.csv", 'feedback,user\n"open,ann\n' + "x" * 50)
    report, _ = run(tmp_path, file)
    assert report.tables == {"feedback": Counts(1, 0, 0, 1)}


def test_a_row_of_another_width_is_kept_with_its_number(tmp_path: Path) -> None:
    file = write(tmp_path / "sales.csv", SALES + "cyd,tea\n" + "dan,tea,1,2.5,2024-06-02\n")
    report, store = run(tmp_path, file)
    assert report.tables == {"events": Counts(4, 3, 0, 1)}
    (line,) = (tmp_path / "rejected/events.jsonl").read_bytes().splitlines()
    record = orjson.loads(line)
    assert (record["row"], record["content"]) == (4, "cyd,tea")
    assert record["reason"] == "expected 5 fields, received 2"
    assert {row["value"] for row in store.read("events").to_pylist()} == {5.0, 4.0, 2.5}


def test_row_numbers_hold_over_blocks_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 100)
    lines = ["feedback,user"] + [f"text {n},u{n}" for n in range(2, 60)]
    for broken in (5, 6, 30, 58):
        lines[broken - 1] = f"broken {broken}"
    lines[40] = "text 41,"
    file = write(tmp_path / "said.csv", "\n".join(lines) + "\n")
    parts = list(reader_for(file)(file))
    assert len(parts) > 3
    assert [lost.row for part in parts for lost in part.broken] == [5, 6, 30, 58]
    seen = []
    for part in parts:
        count = part.rows.num_rows + len(part.broken)
        lost = {row.row for row in part.broken}
        numbers = [part.first_row + n for n in range(count) if part.first_row + n not in lost]
        seen += list(zip(numbers, part.rows["feedback"].to_pylist(), strict=True))
    assert seen == [(n, f"text {n}") for n in range(2, 60) if n not in {5, 6, 30, 58}]


def test_a_truncated_gzip_loads_its_complete_rows_and_fails(tmp_path: Path) -> None:
    lines = [f"text number {n} {n * 7919 % 1000},user{n}" for n in range(5000)]
    data = gzip.compress(("feedback,user\n" + "\n".join(lines) + "\n").encode())
    file = tmp_path / "said.csv.gz"
    file.write_bytes(data[: len(data) // 2])
    report, store = run(tmp_path, file)
    assert "said.csv.gz: the gzip file ends after" in report.errors[0]
    stored = store.read("feedback").to_pylist()
    assert 1000 < len(stored) < 5000
    known = {line.split(",")[0]: line.split(",")[1] for line in lines}
    assert all(known[row["text"]] == row["customer_id"] for row in stored)
    file.write_bytes(data)
    report, _ = run(tmp_path, file)
    assert report.tables == {"feedback": Counts(5000, 5000 - len(stored), len(stored), 0)}
    assert report.ok


def test_a_gzip_with_garbage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"feedback": "fine"}\n') + b"garbage")
    report, store = run(tmp_path, file)
    assert "expected gzip data, received something else" in report.errors[0]
    assert store.read("feedback").num_rows == 1
    two = gzip.compress(b'{"feedback": "one"}\n') + gzip.compress(b'{"feedback": "two"}\n')
    file.write_bytes(two)
    assert run(tmp_path, file)[0].tables == {"feedback": Counts(2, 2, 0, 0)}


def test_json_lines_that_are_no_objects_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "PART_ROWS", 2)
    file = write(
        tmp_path / "said.jsonl", '{"feedback": "a", "rating": 4}\n[1]\n{oops\n{"feedback": "b"}\n'
    )
    report, store = run(tmp_path, file)
    assert report.tables == {"feedback": Counts(4, 2, 0, 2)}
    lines = (tmp_path / "rejected/feedback.jsonl").read_bytes().splitlines()
    reasons = {(orjson.loads(line)["row"], orjson.loads(line)["reason"][:62]) for line in lines}
    assert reasons == {
        (2, "expected a JSON object on one line, received a JSON list"),
        (3, "expected a JSON object on one line, received no JSON: unexpect"),
    }
    assert {row["rating"] for row in store.read("feedback").to_pylist()} == {4.0, None}


def test_parquet_keeps_its_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sources.readers.parquet.PART_ROWS", 3)
    at = datetime(2024, 5, 31, 18)  # noqa: DTZ001
    table = pa.table({
        "user_id": [1.0, 2.0, 3.0, 4.0], "product_id": [7, 8, 9, None], "rating": [5, 4, 3, 9],
        "timestamp": pa.array([at] * 4, pa.timestamp("ns")),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "ratings.parquet")
    report, store = run(tmp_path, tmp_path / "ratings.parquet", zone="Asia/Shanghai")
    assert report.tables == {"events": Counts(4, 4, 0, 0)}
    rows = store.read("events").sort_by("customer_id").to_pylist()
    assert [r["customer_id"] for r in rows] == ["1", "2", "3", "4"]
    assert {r["kind"] for r in rows} == {"rate"}
    assert {r["occurred_at"] for r in rows} == {datetime(2024, 5, 31, 10, tzinfo=UTC)}
    (tmp_path / "ratings.parquet").write_bytes(b"PAR1 and no more")
    report, _ = run(tmp_path, tmp_path / "ratings.parquet")
    assert "ratings.parquet, after row 0: expected a Parquet file" in report.errors[0]


def test_a_folder_goes_in_by_one_mapping(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write(shop / "buyers.csv", "buyer_no,registered_on,city\nB1,01.02.2024,Köln\nB2,03.02.2024,\n")
    write(shop / "articles.csv", "article_no;label;department;list_price\nA1;Tea;Drinks;2.5\n")
    write(shop / "sales.csv", "buyer_no,article_no,pieces,piece_price,sold_at\n"
          "B1,A1,2,2.5,05.07.2024 10:30\nB1,A1,2,2.5,05.07.2024 10:30\n")  # fmt: skip
    write(shop / "notes.pdf", "not data")
    report, store = run(tmp_path, shop, mapping="example_shop", name="shop")
    assert report.ok
    assert {name: counts.accepted for name, counts in report.tables.items()} == {
        "items": 1, "customers": 2, "events": 2,
    }  # fmt: skip
    first, second = store.read("customers").sort_by("customer_id").to_pylist()
    assert first["attributes"] == '{"city":"Köln"}'
    assert second["attributes"] is None
    assert first["first_seen_at"] == datetime(2024, 1, 31, 23, tzinfo=UTC)
    bought = store.read("events").to_pylist()
    assert {row["occurred_at"] for row in bought} == {datetime(2024, 7, 5, 8, 30, tzinfo=UTC)}
    assert {row["value"] for row in bought} == {5.0}
    assert {row["source"] for row in bought} == {"shop"}
    again, _ = run(tmp_path, shop, mapping="example_shop", name="shop")
    assert again.total == Counts(5, 0, 5, 0)


def test_values_are_translated_and_several_tables_read_one_file(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write(shop / "客户.csv", "客户编号,注册日期\n张三,2024/01/02\n", "gb18030")
    write(shop / "商品.csv", "商品编号,商品名称,类目,品牌,单价\nA,茶,饮料,甲,3\n")
    write(shop / "订单.csv", "客户编号,商品编号,类型,数量,成交价,下单时间\n"
          "张三,A,购买,2,3,2024/05/31 18:00\n张三,A,浏览,,,2024/05/31 17:59:30\n")  # fmt: skip
    report, store = run(tmp_path, shop, mapping="orders_zh")
    assert report.total == Counts(4, 4, 0, 0)
    rows = {row["kind"]: row for row in store.read("events").to_pylist()}
    assert rows["purchase"]["occurred_at"] == datetime(2024, 5, 31, 10, tzinfo=UTC)
    assert rows["view"]["value"] is None
    both = mapping(
        tmp_path / "both.yaml",
        EVENTS | {"attributes": ["sku"]},
        {"table": "customers", "columns": {"customer_id": "buyer"}, "attributes": "none"},
    )
    report, store = run(tmp_path / "2", write(tmp_path / "s.csv", SALES), mapping=str(both))
    assert report.total == Counts(4, 4, 0, 0)
    assert store.read("customers", ["attributes"])["attributes"].null_count == 2
    assert store.read("events").to_pylist()[0]["attributes"] == '{"sku":"tea"}'


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"columns": {"customer_id": "byer", "occurred_at": "time"}},
         "names column 'byer', which is not there (did you mean 'buyer'?); the columns are"),
        ({"columns": {"customer_id": "buyer"}}, "'events' needs kind, and no column is mapped"),
        ({"attributes": ["colour"]}, "names column 'colour', which is not there; the columns are"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_stops_before_anything_loads(
    tmp_path: Path, entry: dict[str, object], message: str
) -> None:
    shop = tmp_path / "shop"
    write(shop / "a_feedback.csv", "feedback\nfine\n")
    write(shop / "sales.csv", SALES)
    yaml_file = mapping(
        tmp_path / "m.yaml",
        {"table": "feedback", "files": "a_*", "columns": {"text": "feedback"},
         "constants": {"kind": "survey"}},
        {"table": "events", "files": "sales*"} | entry,
    )  # fmt: skip
    report, store = run(tmp_path, shop, mapping=str(yaml_file))
    assert message in report.errors[0]
    assert "sales.csv" in report.errors[0]
    assert store.versions() == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: [{table: order}]", "table 'order': expected one of customers, items"),
        ("tables: [{table: events, columns: {custmer_id: a}}]",
         "has no column 'custmer_id' (did you mean 'customer_id'?)"),
        ("tables: [{table: events, times: {zone: Asia/Shangai}}]", "did you mean 'Asia/Shanghai'"),
        ("tables: [{table: events, column: {}}]", "Extra inputs are not permitted"),
        ("tables: []", "at least 1 item"),
        ("tables: [", "expected YAML"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_file_is_refused_at_once(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    with pytest.raises(SourceError) as caught:
        read_mapping(file)
    assert message in str(caught.value)
    assert "m.yaml" in str(caught.value)


def test_mappings_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"did you mean 'example_shop'"):
        read_mapping("exampl_shop")
    shop = write(tmp_path / "shop/sales.csv", SALES).parent
    wrong = mapping(tmp_path / "m.yaml", EVENTS | {"files": "orders*"})
    report, _ = run(tmp_path, shop, mapping=str(wrong))
    assert (
        "expects files named 'orders*' for table 'events', received sales.csv" in report.errors[0]
    )


@pytest.mark.parametrize("name", [file.stem for file in FOLDER.glob("*.yaml")])
def test_the_mappings_that_ship_are_right(name: str) -> None:
    assert read_mapping(name).tables


def test_settings_are_checked_before_work_starts() -> None:
    with pytest.raises(ValidationError, match="did you mean 'Asia/Shanghai'"):
        Files(path="x", zone="Asia/Shangai")
    with pytest.raises(ValidationError, match="path"):
        Files(path="")


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write(shop / "a.csv", "feedback\nfine\n")
    write(shop / "b.csv", "")
    write(shop / "c.csv", "feedback,feedback\nx,y\n")
    (shop / "d.parquet").write_bytes(b"nothing")
    write(shop / "e.csv", "feedback\nalso fine\n")
    report, store = run(tmp_path, shop)
    assert store.read("feedback").num_rows == 2
    problems = report.errors[0].split("\n")
    assert len(problems) == 3
    assert (
        "b.csv: expected a first line that names the columns, received an empty file" in problems[0]
    )
    assert "received twice: feedback" in problems[1]


@pytest.mark.parametrize(
    ("path", "message"),
    [("nowhere.csv", "there is no such file"), ("*.csv", "no such file"), ("", "picture.png"),
     ("picture.png", "expected a file ending in .csv")],
)  # fmt: skip
def test_files_that_are_not_there_or_not_data(tmp_path: Path, path: str, message: str) -> None:
    write(tmp_path / "in/picture.png", "")
    report, _ = run(tmp_path, tmp_path / "in" / path)
    assert message in report.errors[0]


@pytest.mark.parametrize(
    ("file", "columns", "table", "kind"),
    [
        ("customers.csv", ["id", "name", "city"], "customers", None),
        ("users.csv", ["userId", "age"], "customers", None),
        ("products.csv", ["id", "name", "price"], "items", None),
        ("x.csv", ["StockCode", "Description"], "items", None),
        (
            "orders.csv",
            ["CustomerID", "StockCode", "InvoiceDate", "Quantity"],
            "events",
            "purchase",
        ),
        ("ratings.csv", ["userId", "movieId", "rating", "timestamp"], "events", "rate"),
        ("clicks.csv", ["用户", "商品", "时间", "行为"], "events", None),
        (
            "reviews.jsonl",
            ["reviewerID", "asin", "overall", "reviewText", "time"],
            "feedback",
            "review",
        ),
        ("chat.csv", ["session", "direction", "text", "time"], "messages", "text"),
        ("f.csv", ["customer", "field", "value", "authority", "time"], "facts", None),
        ("signups.csv", ["customer", "date"], "customers", None),
    ],
)
def test_guesses(file: str, columns: list[str], table: str, kind: str | None) -> None:
    made = guess(file, columns)
    assert made.table == table
    assert made.constants.get("kind") == kind


def test_a_guess_that_cannot_be_made_says_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"colour, size.*source.mapping=my_mapping.yaml"):
        guess("x.csv", ["colour", "size"])
    with pytest.raises(SourceError, match=r"cannot tell what kind of events.*kind: view"):
        guess("x.csv", ["user", "item", "time"])


def test_chat_directions_become_roles_and_the_rest_is_kept(tmp_path: Path) -> None:
    said = "session,direction,text,time,mood\ns1,in,hello,2024-01-01,+\ns1,out,hi,2024-01-01,\n"
    file = write(tmp_path / "chat.csv", said)
    _, store = run(tmp_path, file)
    rows = store.read("messages").sort_by("text").to_pylist()
    assert [(r["text"], r["sender_role"], r["raw"]) for r in rows] == [
        ("hello", "customer", '{"mood":"+"}'),
        ("hi", "agent", None),
    ]
