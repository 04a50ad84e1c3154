# SPDX-License-Identifier: MIT
"""The command: scores, explanations, mappings, policies, exit codes, and files that are whole or not there."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb", reason="the command needs duckdb")
pytest.importorskip("typer", reason="the command needs typer")
pytest.importorskip("rich", reason="the command needs rich")
import loyalty  # noqa: E402

if not hasattr(loyalty, "Portfolio"):
    pytest.skip("loyalty.Portfolio is not built", allow_module_level=True)
from loyalty.command import main  # noqa: E402
from loyalty.simulate import simulate  # noqa: E402

EVENTS = """\
relationship,time,kind,amount,due,done,value,side,refers_to
a,2020-01-01T00:00:00Z,purchase,10,,,,,
a,2020-02-01T00:00:00Z,purchase,20,,,,,
a,2020-02-01T00:00:00Z,promise,,2020-02-05T00:00:00Z,2020-02-04T00:00:00Z,,,
a,2020-03-01T00:00:00Z,promise,,2020-03-05T00:00:00Z,2020-03-04T00:00:00Z,,,
a,2020-03-01T00:00:00Z,request,,,,,,1
a,2020-03-01T06:00:00Z,response,,,,,,1
=b,2020-02-10T00:00:00Z,purchase,5,,,,,
c,2020-02-10T00:00:00Z,contact,,,,,us,
"""
BROKEN = EVENTS + "a,2020-03-02T00:00:00Z,purchase,many,,,,,\n"


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def call(*arguments: object) -> int:
    """Run the command in this process and return its exit code."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return end.value.code


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    made = simulate(relationships=300, years=2, seed=9)
    made.write(folder / "log.parquet")
    return folder / "log.parquet", made


def test_score_prints_a_report(events, capsys):
    assert call("score", events, "--as-of", "2020-03-31") == 0
    out, err = capsys.readouterr()
    assert err == ""
    for text in (
        "Loyalty as of 2020-03-31",
        "3 relationships, 8 events",
        "Where they stand",
        "client",
        "How well we treat them",
        "What to do next",
        "What this log cannot show, and which events would",
        "guarantee, contract",
        "8  read",
        "8  scored",
    ):
        assert text in out, text
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "\x1b" not in out


def test_the_report_needs_no_block_characters(events):
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "loyalty.command", "score", events, "--as-of", "2020-03-31"],
        capture_output=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"####" in done.stdout
    done.stdout.decode("ascii")


def test_scores_on_standard_output_and_the_report_on_standard_error(events, capfdbinary):
    assert call("score", events, "--as-of", "2020-03-31", "-o", "-") == 0
    out, err = capfdbinary.readouterr()
    lines = out.decode().splitlines()
    assert lines[0].startswith("relationship,role,rung,rung_peak,rung_since,")
    assert [line.split(",")[0] for line in lines[1:]] == ["=b", "a", "c"]  # by bytes
    assert b"Loyalty as of 2020-03-31" in err
    assert call("score", events, "--as-of", "2020-03-31", "-o", "-", "-q") == 0
    quiet, err = capfdbinary.readouterr()
    assert quiet == out
    assert err == b""


def test_a_parquet_file_carries_its_metadata(events, tmp_path):
    path = tmp_path / "scores.parquet"
    assert call("score", events, "--as-of", "2020-03-31", "-o", path, "-q") == 0
    held = {
        k.decode(): v.decode()
        for k, v in duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
    }
    prints = loyalty.Policy().fingerprints
    assert held["loyalty.policy.ladder"] == prints["ladder"]
    assert held["loyalty.policy.fold"] == prints["fold"]
    assert held["loyalty.version"] == loyalty.__version__
    assert held["loyalty.as_of"] == "2020-03-31T23:59:59Z"
    rows = duckdb.sql(
        f"SELECT relationship, purchases, spend, first_purchase::VARCHAR FROM '{path}'"
    ).fetchall()
    assert rows[1][:3] == ("a", 2, 30.0)
    types = dict(
        duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'")
        .project("column_name, column_type")
        .fetchall()
    )
    assert types["rung_since"] == "TIMESTAMP WITH TIME ZONE"
    assert types["quality"] == "DOUBLE"


def test_a_csv_file_has_its_metadata_beside_it(events, tmp_path):
    path = tmp_path / "scores.csv"
    assert call("score", events, "--as-of", "2020-03-31", "-o", path, "-q") == 0
    beside = json.loads((tmp_path / "scores.csv-metadata.json").read_text())
    (notes,) = beside["notes"]
    assert notes["loyalty.as_of"] == "2020-03-31T23:59:59Z"
    assert notes["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert notes["rows"] == 3
    names = [column["name"] for column in beside["tableSchema"]["columns"]]
    assert path.read_text().splitlines()[0].split(",") == names
    assert all(column["dc:description"] for column in beside["tableSchema"]["columns"])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "events.csv",
        "scores.csv",
        "scores.csv-metadata.json",
    ]


def test_output_is_the_same_for_rows_in_any_order_and_any_number_of_files(events, tmp_path):
    lines = EVENTS.splitlines()
    other = tmp_path / "other"
    other.mkdir()
    (other / "1.csv").write_text("\n".join([lines[0], *lines[5:]]) + "\n")
    (other / "2.csv").write_text("\n".join([lines[0], *lines[4:0:-1]]) + "\n")
    assert call("score", events, "--as-of", "2020-03-31", "-o", tmp_path / "x.csv", "-q") == 0
    assert (
        call("score", other / "*.csv", "--as-of", "2020-03-31", "-o", tmp_path / "y.csv", "-q") == 0
    )
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_spreadsheets_do_not_run_what_they_open(events, tmp_path):
    path = tmp_path / "scores.csv"
    assert (
        call("score", events, "--as-of", "2020-03-31", "-o", path, "-q", "--spreadsheet-safe") == 0
    )
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == ["'=b", "a", "c"]


def test_rejects_are_written_flagged_and_told_by_the_exit_code(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text(BROKEN)
    out, rejects = tmp_path / "scores.csv", tmp_path / "rejects.csv"
    assert call("score", path, "--as-of", "2020-03-31", "-o", out, "--rejects", rejects) == 0
    report, _ = capsys.readouterr()
    assert "1  set aside: bad_number" in report
    assert "1 relationship has rows set aside, which a flag tells." in report
    assert rejects.read_text().splitlines()[1] == f"{path},9,amount,bad_number,many,a,"
    flags = {r.split(",")[0]: r for r in out.read_text().splitlines()}
    assert "set_aside" in flags["a"]
    assert "set_aside" not in flags["c"]
    assert call("score", path, "--as-of", "2020-03-31", "-q", "--strict") == 3


def test_what_the_library_sets_aside_is_traced_to_its_row(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        EVENTS + "a,2020-03-02T00:00:00Z,promise,,,,,,\na,2020-01-02T00:00:00Z,purchase,-5,,,,,\n"
    )
    rejects = tmp_path / "rejects.csv"
    assert call("score", path, "--as-of", "2020-03-31", "--rejects", rejects, "-q") == 0
    assert rejects.read_text().splitlines()[1:] == [
        f"{path},9,due,missing_due,,a,promise",
        f"{path},10,amount,negative,-5.0,a,purchase",
    ]


def test_rows_after_the_date_are_counted(events, capsys):
    assert call("score", events, "--as-of", "2020-02-15") == 0
    out, _ = capsys.readouterr()
    assert "3  skipped: after the as-of date" in out
    assert "3 relationships, 5 events" in out


def test_a_second_currency_is_set_aside(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,amount,currency\n"
        "a,2020-01-01T00:00:00Z,purchase,1,EUR\na,2020-01-02T00:00:00Z,purchase,1,USD\n"
    )
    assert call("score", path, "--as-of", "2020-03-31") == 0
    out = capsys.readouterr().out
    assert "1  set aside: other_currency" in out
    assert "--rejects FILE lists them" in " ".join(out.split())
    rejects = tmp_path / "rejects.csv"
    assert call("score", path, "--as-of", "2020-03-31", "-q", "--rejects", rejects) == 0
    assert rejects.read_text().splitlines()[1] == f"{path},2,currency,other_currency,USD,a,purchase"


def test_a_response_without_a_request_is_skipped(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text(
        "relationship,time,kind,refers_to\na,2020-01-01T00:00:00Z,purchase,\na,2020-01-02T00:00:00Z,response,7\n"
        "a,2020-01-03T00:00:00Z,purchase,\n"
    )
    assert call("score", path, "--as-of", "2020-03-31") == 0
    assert "1  skipped: answer or close what is not open" in capsys.readouterr().out
    # Also where it is the last event, which waits for others of its second.
    assert call("score", path, "--as-of", "2020-01-02") == 0
    out = capsys.readouterr().out
    assert "1  scored" in out
    assert "1  skipped: answer or close what is not open" in out


def test_a_log_of_later_rows_alone_scores_nobody(events, capsys):
    assert call("score", events, "--as-of", "2019-01-01") == 0
    assert "Nobody: no event lies before the date." in capsys.readouterr().out


def test_explain(events, capsys):
    assert call("explain", events, "a", "--as-of", "2020-03-31") == 0
    out, err = capsys.readouterr()
    assert out.startswith("a (consumer)")
    assert "2020-03-31" in out.splitlines()[0]
    assert "client" in out
    assert err == ""
    assert call("explain", events, "z", "--as-of", "2020-03-31") == 1
    assert "there is no relationship 'z'" in capsys.readouterr().err


def test_history_prints_the_mix_and_who_moved(events, capsys):
    assert call("history", events, "--as-of", "2020-03-15") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [" ".join(line.split()) for line in out.splitlines()]
    # On the last day of January only the one purchase of a is known, of February two of a, one of =b and c's contact.
    assert "2020-01-31 1 100 %" in lines
    assert "2020-02-29 3 33 % 33 % 33 %" in [line.rsplit(" ", 1)[0] for line in lines] + lines
    assert any(line.startswith("2020-03-15 3") for line in lines)
    assert any(line.startswith("prospect to buyer up 2") for line in lines)
    assert any(line.startswith("buyer to client up 1") for line in lines)
    assert all(len(line) <= 80 for line in out.splitlines())
    assert call("history", events, "--dates", "2020-02-15,2020-01-15") == 0
    out = capsys.readouterr().out
    assert out.index("2020-01-15 ") < out.index("2020-02-15 ")


def test_history_of_one(events, capsys):
    assert call("history", events, "a", "--as-of", "2020-03-31") == 0
    out = capsys.readouterr().out
    assert out.startswith("a  2020-01-01 to 2020-03-31")
    assert "2020-01-01  prospect to buyer" in out
    assert "2020-02-01  buyer to client" in out
    assert call("history", events, "z") == 1
    assert "'z' is neither a file nor a relationship among the events" in capsys.readouterr().err


def test_history_writes_snapshots_and_the_tape(events, tmp_path, capsys):
    table, tape = tmp_path / "past.csv", tmp_path / "tape.parquet"
    done = call(
        "history", events, "--as-of", "2020-03-31", "--dates", "month", "-o", table, "--tape", tape,
        "-q", "--spreadsheet-safe",
    )  # fmt: skip
    assert done == 0
    assert capsys.readouterr().out == ""
    rows = list(csv.DictReader(table.open()))
    assert [(row["date"], row["relationship"], row["rung"]) for row in rows[:2]] == [
        ("2020-01-31T23:59:59Z", "a", "buyer"),
        ("2020-02-29T23:59:59Z", "'=b", "buyer"),
    ]
    assert len(rows) == 1 + 3 + 3
    beside = json.loads((tmp_path / "past.csv-metadata.json").read_text())
    assert beside["tableSchema"]["primaryKey"] == ["date", "relationship"]
    assert {c["datatype"] for c in beside["tableSchema"]["columns"] if c["name"] == "at_least"} == {
        "boolean"
    }
    moves = duckdb.sql(
        f"SELECT relationship, from_rung, to_rung, at_least FROM '{tape}'"
    ).fetchall()
    assert moves == [
        ("=b", "prospect", "buyer", False),
        ("a", "prospect", "buyer", False),
        ("a", "buyer", "client", False),
    ]
    # The last snapshot is the score.
    scores = tmp_path / "scores.csv"
    assert call("score", events, "--as-of", "2020-03-31", "-o", scores, "-q") == 0
    scored = {row["relationship"]: row for row in csv.DictReader(scores.open())}
    for row in rows[-3:]:
        of = scored[row["relationship"].removeprefix("'")]
        assert {k: row[k] for k in ("rung", "quality", "quality_low", "trust")} == {
            k: of[k] for k in ("rung", "quality", "quality_low", "trust")
        }


def test_history_with_a_mapping_ends_months_in_its_zone(tmp_path, capsys):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,day\n7,2024-06-30 23:30:00\n8,2024-07-01 00:30:00\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'source = "orders.csv"\nrelationship = "customer"\ntimezone = "Europe/London"\n'
        'columns = { day = "timestamp" }\nevent = [{ kind = "purchase", time = "day" }]\n'
    )
    assert call("history", orders, "-m", mapping, "--as-of", "2024-07-31") == 0
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert ["2024-06-30", "1"] in lines
    assert ["2024-07-31", "2"] in lines


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--dates", "fortnight"), 2, "allowed are 'week', 'month', 'quarter', a date, or several"),
        (("--dates", "2020-01-01,2030-01-01"), 2, "2030-01-01 lies after the last date"),
        (("--tape", "tape.xlsx"), 2, "a name that ends in .parquet or .csv"),
        (("--as-of", "2019-01-01"), 1, "there are no events to look back on until that date"),
        (("--as-of", "soon"), 2, "'soon' is not a date"),
    ],
)
def test_history_says_what_is_wrong(events, capsys, arguments, code, says):
    assert call("history", events, *arguments) == code
    assert says in capsys.readouterr().err


def test_an_unknown_relationship_names_those_that_come_close(tmp_path, capsys):
    path = tmp_path / "events.csv"
    names = ["S0000504", "S0000505", "S0000506", "S0000507", "K9", "o'hara"]
    path.write_text(
        "relationship,time,kind\n" + "".join(f"{n},2020-01-01T00:00:00Z,purchase\n" for n in names)
    )
    assert call("explain", path, "s0000504", "--as-of", "2020-03-31") == 1
    said = capsys.readouterr().err
    assert said.endswith("until that date; close to it: S0000504, S0000505, S0000506\n")
    assert call("explain", path, "o'harra", "--as-of", "2020-03-31") == 1
    assert "close to it: o'hara" in capsys.readouterr().err


def test_a_mapping_by_file_and_by_name(tmp_path, capsys):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,day,amount\n7,2020-01-01,5\n7,2020-02-01,6\n8,2020-02-01,x\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'source = "orders.csv"\nrelationship = "customer"\ntimezone = "UTC"\n'
        'columns = { amount = "decimal", day = "date" }\n'
        'event = [{ kind = "purchase", time = "day", amount = "amount" }]\n'
    )
    assert call("score", orders, "-m", mapping, "--as-of", "2020-03-31") == 0
    out = capsys.readouterr().out
    assert "1  set aside: bad_number" in out
    assert "2  events made of them" in out
    assert "No quality is shown" in out
    assert out.index("Where they stand") < out.index("How well we treat them")
    assert call("score", orders, "-m", "uk_retial", "--as-of", "2020-03-31") == 2
    assert "did you mean uk_retail?" in capsys.readouterr().err


def test_map_writes_a_mapping_that_score_takes(tmp_path, capsys):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,date,amount\n7,2020-01-01,5\n7,2020-02-01,6\n")
    mapping = tmp_path / "guess.toml"
    assert call("map", orders, "-o", mapping) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "counterparty: customer" in err
    assert call("score", orders, "--mapping", mapping, "--as-of", "2020-03-31", "-q") == 0
    assert call("map", orders) == 0
    out, _ = capsys.readouterr()
    assert out == mapping.read_text()
    assert call("map", "--list") == 0
    assert "uk_retail" in capsys.readouterr().out


def test_map_says_which_money_it_could_not_read(tmp_path, capsys):
    orders = tmp_path / "orders.csv"
    orders.write_text("Kunde;Bestelldatum;Betrag\n7;01.02.2024;1.000,00\n8;02.02.2024;250,50\n")
    mapping = tmp_path / "m.toml"
    assert call("map", orders, "-o", mapping) == 0
    said = capsys.readouterr().err
    assert (
        "Betrag is named like money, but its values, such as '1.000,00', are no plain numbers"
        in said
    )
    amount = said.split("in the rule write ")[1].split(".\n")[0]
    text = mapping.read_text().replace('time = "Bestelldatum"', f'time = "Bestelldatum", {amount}')
    mapping.write_text(text)
    out = tmp_path / "out.csv"
    assert call("score", orders, "-m", mapping, "--as-of", "2024-03-01", "-o", out, "-q") == 0
    assert [float(row["spend"]) for row in csv.DictReader(out.open())] == [1000, 250.5]


def test_a_mapping_and_a_policy_that_judge_different_sides(tmp_path, capsys):
    orders, mapping, policy = (tmp_path / name for name in ("orders.csv", "m.toml", "p.toml"))
    orders.write_text("vendor,day,due\n7,2020-01-01,2020-01-05\n")
    mapping.write_text(
        'source = "orders.csv"\nrelationship = "vendor"\ntimezone = "UTC"\nperspective = "them"\n'
        'columns = { day = "date", due = "date" }\n'
        'event = [{ kind = "promise", side = "them", time = "day", due = "due" }]\n'
    )
    score = ("score", orders, "-m", mapping, "-p", policy, "--as-of", "2020-03-31")
    policy.write_text("minor_digits = 0\n")
    assert call(*score) == 0  # the policy leaves it open
    assert "How well they treat us" in capsys.readouterr().out
    policy.write_text('perspective = "them"\n')
    assert call(*score) == 0
    assert "How well they treat us" in capsys.readouterr().out
    policy.write_text('perspective = "us"\n')
    assert call(*score) == 2
    said = capsys.readouterr().err
    assert "the mapping is made for perspective = 'them', but" in said
    assert "states 'us'; say which with --perspective" in said
    assert call(*score, "--perspective", "us") == 0
    assert "How well we treat them" in capsys.readouterr().out


def test_policy_diff(company, tmp_path, capsys):
    log, made = company
    old, new, out = tmp_path / "old.toml", tmp_path / "new.toml", tmp_path / "diff.csv"
    old.write_text('name = "old"\n')
    new.write_text("[ladder.supporter]\nenter = 1.5\nkeep = 1\n[quality]\nminimum_coverage = 0.1\n")
    date = str(made.as_of)
    assert call("policy", "diff", old, new, log, "--as-of", date, "-o", out) == 0
    said = capsys.readouterr().out
    assert f"300 relationships as of {date}, under two policies" in said
    assert "From which rung to which" in said
    assert "that a supporter needs to stay (0.375 before)" in said
    assert max(map(len, said.splitlines())) <= 80 + len(str(out))
    for path, column in ((old, "rung_before"), (new, "rung_after")):
        scores = tmp_path / "scores.csv"
        assert call("score", log, "--as-of", date, "-p", path, "-o", scores, "-q") == 0
        with open(scores) as a, open(out) as b:
            rungs = [row["rung"] for row in csv.DictReader(a)]
            assert rungs == [row[column] for row in csv.DictReader(b)]
    described = json.loads((tmp_path / "diff.csv-metadata.json").read_text())
    assert described["notes"][0]["loyalty.policy.before"] == loyalty.Policy().fingerprints["policy"]
    capsys.readouterr()
    assert call("policy", "diff", old, tmp_path / "no.toml", log, "--as-of", date) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_policy_init_and_check(events, tmp_path, capsys):
    policy = tmp_path / "policy.toml"
    assert call("policy", "init", "--from", events, "-o", policy) == 0
    assert "purchase cycle 31.0 days" in capsys.readouterr().err
    assert "purchase_cycle_days = 31" in policy.read_text()
    assert call("policy", "check", policy) == 0
    out, _ = capsys.readouterr()
    assert "the policy holds" in out
    assert loyalty.Policy.load(policy).fingerprints["policy"] in out
    assert call("score", events, "--as-of", "2020-03-31", "-p", policy, "-q") == 0
    assert call("policy", "init") == 0
    policy.write_text(capsys.readouterr().out)
    assert loyalty.Policy.load(policy) == loyalty.Policy()
    policy.write_text("purchase_cycle_dais = 3\n")
    assert call("policy", "check", policy) == 2
    err = capsys.readouterr().err
    assert "purchase_cycle_dais" in err
    assert "purchase_cycle_days" in err
    assert call("score", events, "--as-of", "2020-03-31", "-p", policy) == 2


def test_a_proposed_policy_observes_what_the_log_shows(tmp_path, capsys):
    path, policy, out = tmp_path / "events.csv", tmp_path / "policy.toml", tmp_path / "scores.csv"
    path.write_text(
        "relationship,time,kind,value,scale,parameter,due,side\n"
        "a,2020-01-01T00:00:00Z,survey,4,1..5,commitment,,\n"
        "a,2020-01-02T00:00:00Z,payment,,,,2020-02-01T00:00:00Z,them\n"
    )
    assert call("policy", "init", "--from", path, "-o", policy, "--brief") == 0
    # The survey asks about commitment; the payment is theirs and says nothing about our conduct.
    assert tomllib.loads(policy.read_text())["observes"] == ["survey:commitment"]
    assert call("score", path, "--as-of", "2020-01-31", "-p", policy, "-o", out, "-q") == 0
    (row,) = csv.DictReader(out.open())
    assert float(row["commitment_coverage"]) > 0
    assert row["trust"] == ""
    capsys.readouterr()


def test_a_proposed_policy_has_the_perspective_of_the_mapping(tmp_path, capsys):
    orders, mapping = tmp_path / "orders.csv", tmp_path / "m.toml"
    orders.write_text("vendor,day\n7,2020-01-01\n")
    mapping.write_text(
        'source = "orders.csv"\nrelationship = "vendor"\ntimezone = "UTC"\nperspective = "them"\n'
        'columns = { day = "date" }\nevent = [{ kind = "purchase", time = "day" }]\n'
    )
    assert call("policy", "init", "--from", orders, "-m", mapping, "--brief") == 0
    assert tomllib.loads(capsys.readouterr().out)["perspective"] == "them"


def test_simulate_and_score(tmp_path, capsys):
    log, truth = tmp_path / "log.parquet", tmp_path / "truth.csv"
    assert call("simulate", "-o", log, "-n", 50, "--years", 1, "--seed", 3, "--truth", truth) == 0
    assert "of 50 relationships until 2022-12-31" in capsys.readouterr().err
    assert truth.read_text().count("\n") == 51
    assert call("score", log, "--as-of", "2022-12-31", "-q", "--strict") == 0


def test_a_simulated_company_is_scored_near_its_truth(company, tmp_path):
    np = pytest.importorskip("numpy")
    log, made = company
    out = tmp_path / "scores.parquet"
    assert call("score", log, "--as-of", made.as_of, "-o", out, "-q") == 0
    scores = duckdb.sql(
        f"SELECT relationship, trust, trust_coverage, rung, quality FROM '{out}' ORDER BY relationship"
    ).fetchnumpy()
    place = {name: i for i, name in enumerate(made.truth["relationship"])}
    known = np.asarray(scores["trust_coverage"]) > 0.6
    assert known.sum() > 30
    truth = made.truth["reliability"][[place[name] for name in scores["relationship"]]]
    assert np.corrcoef(np.asarray(scores["trust"])[known], truth[known])[0, 1] > 0.5
    assert len(set(scores["rung"])) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["score", "absent.csv", "--as-of", "2020-03-31"], 1, "absent.csv: there is no such file"),
        (["score", "{events}"], 2, "--as-of"),
        (["score", "{events}", "--as-of", "soon"], 2, "--as-of: 'soon' is not a date"),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "-o", "x.xlsx"],
            2,
            "ends in .parquet or .csv",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "-o", "none/x.csv"],
            2,
            "there is no folder none",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "--zone", "Mars"],
            2,
            "'Mars' is not a known time zone",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "-p", "no.toml"],
            2,
            "there is no such file",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "--perspective", "me"],
            2,
            "allowed is us or them",
        ),
        (["score", "{events}", "--as-of", "2020-03-31", "--frobnicate"], 2, "--frobnicate"),
        *(
            (
                ["score", "{events}", "--as-of", "2020-03-31", "--memory", size],
                2,
                f"memory = '{size}': allowed is a size such as 500MB or 4GB",
            )
            for size in ("lots", "", "0", "-1", "4")
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "--threads", "99999999999"],
            2,
            "--threads",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31T12:00:00"],
            2,
            "2020-03-31T12:00:00 has no zone",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "-p", "."],
            2,
            "a folder, not a policy's file",
        ),
        (
            ["score", "{events}", "--as-of", "2020-03-31", "-o", "/proc/x.csv", "-q"],
            1,
            "/proc/x.csv: cannot be written",
        ),
        (["score", "", "--as-of", "2020-03-31"], 1, "'': there is no such file"),
        (
            ["policy", "init", "-o", "none/p.toml"],
            1,
            "p.toml: cannot be written: there is no such folder",
        ),
        (["policy", "init", "-o", "."], 1, "cannot be written: it is a folder"),
        (["map", "{events}", "--zone", "Mars"], 2, "'Mars' is not a known time zone"),
        (["simulate", "-o", "x.parquet", "--years", "99"], 2, "years = 99.0: above 0, at most 30"),
        (
            ["simulate", "-o", "x.csv", "--start", "9999-12-31"],
            2,
            "the log would end after the year 9999",
        ),
        (["simulate", "-o", "x.csv", "-n", "99999999999999"], 2, "--relationships"),
        (["map"], 2, "name a table"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    events, tmp_path, monkeypatch, capsys, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    assert call(*[a.replace("{events}", str(events)) for a in arguments]) == code
    err = " ".join(capsys.readouterr().err.split())
    assert message in err


def test_data_that_cannot_be_read_ends_with_one_and_leaves_the_old_scores(tmp_path, capsys):
    path, out = tmp_path / "events.csv", tmp_path / "scores.csv"
    path.write_text("relationship,kind\na,purchase\n")
    out.write_text("old\n")
    assert call("score", path, "--as-of", "2020-03-31", "-o", out) == 1
    assert "column time missing" in capsys.readouterr().err
    assert out.read_text() == "old\n"
    path.write_text("relationship,time,kind\na,2020-01-01,purchase\n")
    assert call("score", path, "--as-of", "2020-03-31", "-o", out) == 2
    assert "times without a zone" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["events.csv", "scores.csv"]


def test_help_and_version(capsys):
    assert call("--help") == 0
    out = capsys.readouterr().out
    assert "Exit codes" in out
    for verb in ("score", "explain", "map", "policy", "simulate"):
        assert verb in out
    assert call("score", "--help") == 0
    out = capsys.readouterr().out
    assert "loyalty score [OPTIONS] EVENTS..." in out
    assert "{" not in out
    assert "<str" not in out
    assert "<list" not in out
    assert call("policy", "check", os.devnull) == 0
    assert "the policy holds" in capsys.readouterr().out
    assert call("--version") == 0
    assert capsys.readouterr().out == f"loyalty {loyalty.__version__}\n"


def test_a_closed_pipe_ends_quietly(events):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "loyalty.command", "score", events, "--as-of", "2020-03-31", "-o", "-", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert b"Traceback" not in error


def test_scores_of_many_relationships_fit(tmp_path):
    path = Path(tmp_path, "many.csv")
    lines = [f"r{i},2020-01-01T00:00:00Z,purchase" for i in range(20_000)]
    path.write_text("relationship,time,kind\n" + "\n".join(lines) + "\n")
    out = tmp_path / "out.parquet"
    assert call("score", path, "--as-of", "2020-12-31", "-o", out, "-q") == 0
    assert duckdb.sql(f"SELECT count(*) FROM '{out}'").fetchall() == [(20_000,)]


def test_the_words_of_the_reader_are_those_of_the_library():
    from loyalty import _core
    from loyalty.reading import ABSENT_TIME, KINDS, ROLES

    assert tuple(_core.kind_names) == KINDS
    assert tuple(_core.role_names) == ROLES
    assert _core.no_time == ABSENT_TIME


def test_identifiers_and_reasons_are_printed_as_they_are(tmp_path, capsys):
    orders, mapping = tmp_path / "orders.csv", tmp_path / "m.toml"
    orders.write_text("who,day\n[bold]x[/],2020-01-01\n[bold]x[/],2020-01-02\ny,2020-01-03\n")
    mapping.write_text(
        'source = "orders.csv"\nrelationship = "who"\ntimezone = "UTC"\ncolumns = { day = "date" }\n'
        'skip = [{ when = "who = \'y\'", why = "[red] ones" }]\n'
        'event = [{ kind = "purchase", time = "day" },\n'
        '  { kind = "promise", time = "day", due = "day", done = "day" }]\n'
    )
    assert call("score", orders, "-m", mapping, "--as-of", "2020-03-31") == 0
    out = capsys.readouterr().out
    assert "[bold]x[/]" in out
    assert "1  skipped: [red] ones" in out


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_full_disk_leaves_the_old_output(company, tmp_path: Path, form: str) -> None:
    """A limit on the size of files stands for a disk that is full."""
    target = tmp_path / f"scores.{form}"
    target.write_bytes(b"old")
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from loyalty.command import main\n"
        "sys.exit(main())\n"
    )
    words = ["score", str(company[0]), "--as-of", "2030-01-01", "-o", str(target), "-q"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert str(target) in ended.stderr
    assert "cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [target.name]


@pytest.mark.skipif(os.name != "posix", reason="folders are held by POSIX's locks")
def test_what_a_killed_run_left_is_cleared_away(
    company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of folders that look alike only one that is old and that nobody holds goes; another process holds one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, held, young, other = (
        tmp_path / name
        for name in ("loyalty-duckdb-old", "loyalty-duckdb-held", "loyalty-duckdb-new", "loyalty-x")
    )
    for folder in (old, held, young, other):
        folder.mkdir()
        (folder / "spilled").write_bytes(b"x")
        if folder != young:
            os.utime(folder, (1, 1))
    program = (
        "import sys\nfrom loyalty._files import lock_folder\n"
        "assert lock_folder(sys.argv[1]) is not None\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert call("score", company[0], "--as-of", "2030-01-01", "-q") == 0
        assert sorted(os.listdir(tmp_path)) == sorted(f.name for f in (held, young, other))
        holder.kill()
    assert call("score", company[0], "--as-of", "2030-01-01", "-q") == 0
    assert sorted(os.listdir(tmp_path)) == sorted(f.name for f in (young, other))
