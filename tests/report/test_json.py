"""The result file: what other tools read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from grader.model import Report, Status
from grader.report import json as result_file
from grader.report import schema
from tests.report import samples

REPORTS = {
    "full": samples.FULL,
    "empty": samples.EMPTY,
    "stubs": samples.stubs(),
    "perfect": samples.perfect(),
    "hostile": samples.hostile("<\ud800\x00\u202e\"\\\n[\n1,\n2\n]'é"),
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    published = json.loads(schema.PUBLISHED.read_bytes())
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def test_the_published_schema_is_that_of_the_model() -> None:
    assert schema.PUBLISHED.read_bytes() == schema.encode(), "run: python -m grader.report.schema"


def test_every_field_is_described_and_no_description_is_left_over() -> None:
    built = schema.build()
    fields = {f"Report.{field}" for field in built["properties"]} | {
        f"{name}.{field}" for name, definition in built["$defs"].items() for field in definition.get("properties", {})
    }

    assert fields == set(schema.DESCRIPTIONS)
    assert set(schema.CONSTRAINTS) <= fields


@pytest.mark.parametrize("name", REPORTS)
def test_a_result_file_obeys_the_published_schema(name: str, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(json.loads(result_file.encode(REPORTS[name])))


def test_fields_that_a_reader_does_not_know_are_allowed(validator: jsonschema.Draft202012Validator) -> None:
    result = json.loads(result_file.encode(samples.FULL))
    result["later"] = 1
    result["exercises"][0]["later"] = 1
    result["exercises"][0]["checks"][0]["later"] = 1

    validator.validate(result)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("score",), "12"),
        (("isolation", "level"), "strong"),
        (("exercises", 0, "status"), "ok"),
        (("exercises", 0, "checks", 0, "outcome"), ""),
        (("exercises", 0, "checks", 0, "score"), -1),
    ],
)
def test_the_schema_refuses_what_is_no_result(
    path: tuple[str | int, ...], value: object, validator: jsonschema.Draft202012Validator
) -> None:
    result = json.loads(result_file.encode(samples.FULL))
    place = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(jsonschema.ValidationError):
        validator.validate(result)


def test_what_was_written_can_be_read_back() -> None:
    assert msgspec.json.decode(result_file.encode(samples.FULL), type=Report) == samples.FULL


def test_fields_keep_the_order_of_the_model() -> None:
    result = json.loads(result_file.encode(samples.FULL))

    assert list(result) == [field.name for field in msgspec.structs.fields(Report)]


def test_it_is_indented_and_a_row_of_a_figure_takes_one_line() -> None:
    lines = result_file.encode(samples.FULL).decode().splitlines()

    assert lines[1] == '  "version": 1,'
    assert "[0, 1, 3, 0]," in [line.strip() for line in lines]


def test_text_that_looks_like_numbers_in_brackets_is_not_touched() -> None:
    text = '[\n1,\n2\n] and "[\\n1\\n]"'

    result = json.loads(result_file.encode(samples.hostile(text)))

    assert result["exercises"][0]["title"] == text


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    result = json.loads(result_file.encode(samples.hostile("a\ud800b")))

    assert result["exercises"][0]["checks"][0]["message"] == "a\ufffdb"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_refused_by_name(value: float) -> None:
    broken = samples.report(samples.exercise("a", "A", "01", Status.FAILED, samples.check("t", "t", duration_s=value)))

    with pytest.raises(ValueError, match=r"report\.exercises\[0\]\.checks\[0\]\.duration_s is "):
        result_file.encode(broken)


def test_it_is_written_to_the_file(tmp_path: Path) -> None:
    result_file.write(samples.FULL, tmp_path / "r.json")

    assert (tmp_path / "r.json").read_bytes() == result_file.encode(samples.FULL)
