# SPDX-License-Identifier: MIT
"""A mapping guessed from names and values runs, keeps the books, and says what it is unsure of."""

from __future__ import annotations

import tomllib

import pytest
from loyalty.guess import GuessError, guess_mapping, parts_of
from loyalty.mapping import load_mapping

pytest.importorskip("duckdb", reason="reading tables needs duckdb")

TABLES = {
    "lines.csv": (
        "order_id,customer_id,order_date,unit_price,qty,country\n"
        "1,7,2021-05-03 09:00:00,0.10,3,UK\n1,7,2021-05-03 09:00:00,0.20,1,UK\n"
        "2,8,2021-05-04 10:00:00,2.00,-2,UK\n3,,2021-05-05 10:00:00,1.00,1,UK\n",
        {"purchase": 1, "return": 1},
    ),
    "rechnungen.csv": (
        "Kundennr;Rechnungsnummer;Rechnungsdatum;Fällig;Bezahlt am;Gesamtbetrag;Status\n"
        "7;R1;24.12.2021;23.01.2022;20.01.2022;1200,50;offen\n"
        "8;R2;25.12.2021;24.01.2022;;80,00;storniert\n"
        "7;R3;26.12.2021;25.01.2022;30.01.2022;20,00;offen\n",
        {"purchase": 2, "payment": 2},
    ),
    "заказы.csv": (
        "Номер заказа,Клиент,Дата заказа,Сумма,Статус\n"
        "1,Иванов,01.02.2023 10:00,1500.50,выполнен\n2,Петров,03.02.2023 11:30,700,отменён\n",
        {"purchase": 1},
    ),
    "tickets.csv": (
        "TicketID,Requester,CreatedAt,FirstResponseAt,ClosedAt,Status\n"
        "1,ann,2023-01-01T10:00:00Z,2023-01-01T12:00:00Z,2023-01-02T12:00:00Z,closed\n"
        "2,bob,2023-01-01T10:00:00Z,,,open\n",
        {"request": 2, "response": 1},
    ),
    "deliveries.csv": (
        "supplier,po,order_date,due_date,delivered_date\n"
        "A,1,2020-01-01,2020-01-10,2020-01-09\nB,2,2020-01-02,2020-01-10,NULL\n",
        {"promise": 2},
    ),
    "visits.csv": ("client,day\nA,2020-01-01\nB,2020-01-02\n", {"purchase": 2}),
}


@pytest.mark.parametrize("name", TABLES)
def test_guesses_run_and_keep_the_books(tmp_path, name):
    text, events = TABLES[name]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    guess = guess_mapping(path)
    assert guess.events.books.events == events
    assert guess.events.books.balanced
    assert not guess.events.books.set_aside
    # what is written is what was run: it can be saved and used
    saved = tmp_path / "mapping.toml"
    saved.write_text(guess.toml, encoding="utf-8")
    again = load_mapping(saved).events(path)
    assert again.books.events == events
    assert set(tomllib.loads(guess.toml)["observes"]) == set(events)


def test_the_explanation_shows_rules_counts_examples_and_doubts(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(TABLES["lines.csv"][0])
    explanation = guess_mapping(path).explanation
    assert "counterparty: customer_id (2 different)" in explanation
    assert "money: unit_price, qty" in explanation
    assert "1 skipped: no customer_id" in explanation
    assert "2021-05-03T09:00:00Z  7  purchase  amount 0.5" in explanation
    assert 'timezone = "UTC" is an assumption' in explanation


def test_a_stated_zone_is_no_assumption(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(TABLES["lines.csv"][0])
    guess = guess_mapping(path, zone="Europe/London")
    assert 'timezone = "Europe/London"\n' in guess.toml
    assert "assumption" not in guess.toml + guess.explanation


def test_day_first_and_month_first_are_told_apart_or_doubted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("client,date\nA,12/31/2020\nB,01/02/2020\n")
    assert "%m/%d/%Y" in guess_mapping(path).toml
    path.write_text("client,date\nA,03/04/2020\nB,01/02/2020\n")
    guess = guess_mapping(path)
    assert "%d/%m/%Y" in guess.toml
    assert "would fit month first too" in guess.explanation


def test_event_rows_need_no_mapping(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("relationship,time,kind\na,2020-01-01T00:00:00Z,purchase\n")
    assert guess_mapping(path).toml == ""


def test_tables_without_counterparty_or_time_are_refused_with_their_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("colour,size\nred,1\n")
    with pytest.raises(GuessError, match=r"no column seems to name the counterparty.*colour, size"):
        guess_mapping(path)
    path.write_text("customer,size\nA,1\nB,2\n")
    with pytest.raises(GuessError, match=r"no column seems to hold a time.*customer, size"):
        guess_mapping(path)


def test_names_are_split_into_words():
    assert (
        parts_of("OrderDate")
        == parts_of("order_date")
        == parts_of("ORDER DATE")
        == ("order", "date")
    )
    assert parts_of("PO / SO #") == ("po", "so")
    assert parts_of("CustomerID") == ("customer", "id")
    assert parts_of("Дата заказа") == ("дата", "заказа")


def test_several_files_share_a_pattern(tmp_path):
    for n in (1, 2):
        (tmp_path / f"orders{n}.csv").write_text(f"customer,date,amount\n{n},2020-01-0{n},5\n")
    guess = guess_mapping([tmp_path / "orders1.csv", tmp_path / "orders2.csv"])
    assert 'source = "orders*"' in guess.toml
    assert guess.events.books.read == 2
