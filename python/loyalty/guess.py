# SPDX-License-Identifier: MIT
"""Guesses a mapping for a table from the names and the contents of its columns, and shows what it would do.

The guess is a start, not an answer: the mapping is written with its doubts as comments, run over the table, and shown
with its books and some of its events. Names are understood in English, in part also in German and Russian.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from loyalty import _files
from loyalty._files import Workspace
from loyalty._sql import ISO_CLOCK, ISO_DATE, ISO_OFFSET, PLAIN_NUMBER, quote_name, quote_text
from loyalty.mapping import load_mapping
from loyalty.reading import REQUIRED, Books, EventTable

__all__ = ["Guess", "GuessError", "guess_mapping"]


class GuessError(ValueError):
    """No mapping can be guessed: the table names no counterparty or no time. Says what was found."""


class Guess(NamedTuple):
    """A guessed mapping."""

    toml: str  #: the mapping; empty where the table holds event rows already
    explanation: str  #: what was recognised, what it would do, and what to check
    events: EventTable | None = None  #: the events that it makes


#: Words that name what a column is for; earlier words weigh more. Compared with the parts of a column's name.
WORDS: dict[str, tuple[str, ...]] = {
    "customer": (
        "customer", "client", "buyer", "kunde", "kunden", "kundennummer", "kundennr", "kdnr", "клиент", "покупатель",
        "заказчик", "контрагент", "household", "caller", "requester", "member", "user", "account", "debitor",
        "supplier", "vendor", "lieferant", "kreditor", "поставщик", "partner", "patient", "company", "project",
    ),
    "order": (
        "order", "invoice", "basket", "receipt", "transaction", "bestellung", "bestellnummer", "rechnung",
        "rechnungsnummer", "auftrag", "auftragsnummer", "beleg", "belegnummer", "заказ", "счет", "счёт", "чек",
        "накладная", "po", "so", "asn", "shipment", "delivery", "lieferung",
    ),
    "ticket": (
        "ticket", "incident", "case", "issue", "request", "inquiry", "anfrage", "vorgang", "störung", "заявка",
        "обращение", "запрос", "number",
    ),
    "amount": (
        "amount", "total", "sum", "revenue", "sales", "turnover", "betrag", "summe", "umsatz", "gesamt", "gesamtbetrag",
        "сумма", "стоимость", "итого", "выручка", "value", "net", "gross", "netto", "brutto", "paid",
    ),
    "price": ("price", "unitprice", "preis", "einzelpreis", "stückpreis", "цена", "rate"),
    "quantity": ("quantity", "qty", "menge", "anzahl", "stück", "количество", "колво", "pieces", "units", "count"),
    "margin": ("margin", "profit", "marge", "gewinn", "deckungsbeitrag", "маржа", "прибыль"),
    "due": (
        "due", "required", "scheduled", "promised", "deadline", "expected", "planned", "target", "fällig", "faellig",
        "fälligkeit", "liefertermin", "zugesagt", "termin", "срок", "плановая", "обещано",
    ),
    "done": (
        "delivered", "shipped", "done", "completed", "fulfilled", "received", "geliefert", "versandt", "versand",
        "erledigt", "lieferdatum", "доставлено", "доставлен", "отгружено", "отгрузки", "выполнено", "исполнено",
    ),
    "paid": ("paid", "payment", "bezahlt", "zahlung", "оплачено", "оплаты", "оплата"),
    "answered": (
        "answered", "responded", "response", "replied", "reply", "beantwortet", "antwort", "ответ", "ответа",
        "resolved", "solved", "closed", "gelöst", "geschlossen", "решено", "закрыто", "закрыт",
    ),
    "opened": (
        "opened", "created", "submitted", "reported", "raised", "eröffnet", "erstellt", "gemeldet", "angelegt",
        "открыто", "создано", "создан", "открыт",
    ),
    "time": (
        "ordered", "orderdate", "invoicedate", "placed", "date", "datum", "bestelldatum", "rechnungsdatum", "time",
        "timestamp", "datetime", "zeit", "zeitpunkt", "дата", "время", "day", "tag", "when", "at", "on",
    ),
    "status": ("status", "state", "zustand", "статус", "состояние"),
    "manager": (
        "manager", "salesperson", "employee", "owner", "assigned", "agent", "seller", "rep", "mitarbeiter",
        "bearbeiter", "verkäufer", "betreuer", "менеджер", "ответственный", "продавец",
    ),
    "currency": ("currency", "währung", "waehrung", "валюта"),
    "discount": ("discount", "rabatt", "nachlass", "скидка"),
}  # fmt: skip
IDENTIFYING = ("id", "no", "nr", "number", "code", "key", "nummer", "num", "код", "номер", "ид")
#: Words that speak against a column being the counterparty's identifier.
DESCRIBING = (
    "name", "country", "city", "street", "address", "region", "email", "phone", "type", "group", "segment", "land",
    "ort", "имя", "город", "страна", "date", "time", "amount", "count",
)  # fmt: skip
ABSENT_WORDS = (
    "NULL",
    "null",
    "?",
    "N/A",
    "n/a",
    "NA",
    "NaN",
    "nan",
    "None",
    "-",
    "--",
    "#N/A",
    "(null)",
)
CANCELLED = r"^(cancel|cancl|storn|abgebrochen|void|annul|отмен|аннул)"
FORMS = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%Y%m%d",
)


@dataclass
class Column:
    """What is known of a column."""

    name: str
    parts: tuple[str, ...]
    sql_type: str
    filled: int = 0
    distinct: int = 0
    kind: str = "text"  #: text, integer, decimal, date, timestamp, timestamptz
    form: str | None = None
    comma: bool = False
    ambiguous: bool = False
    negative: bool = False
    nulls: tuple[str, ...] = ()

    @property
    def is_time(self) -> bool:
        """Whether it holds dates or times."""
        return self.kind in ("date", "timestamp", "timestamptz")

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in ("integer", "decimal")


def parts_of(name: str) -> tuple[str, ...]:
    """The words in a column's name: OrderDate, order_date and ORDER DATE all give order, date."""
    spaced = re.sub(r"(?<=[a-zа-яäöüß0-9])(?=[A-ZА-ЯÄÖÜ])", " ", name)
    spaced = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", " ", spaced)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


def score(column: Column, meaning: str) -> float:
    """How well a column's name fits a meaning: 0 not at all; earlier words and shorter names fit better."""
    words = WORDS[meaning]
    best = 0.0
    joined = "".join(column.parts)
    for rank, word in enumerate(words):
        weight = 2.0 - rank / len(words)
        if word in column.parts or word == joined:
            best = max(best, weight * (1.0 if word == joined else 0.9))
        elif len(word) >= 4 and any(p.startswith(word) or p.endswith(word) for p in column.parts):
            best = max(best, weight * 0.7)
    return best / (1 + 0.05 * len(column.parts)) if best else 0.0


def guess_mapping(path: Any, zone: str | None = None) -> Guess:
    """Guess a mapping for a table.

    Parameters
    ----------
    path
        A file, pattern or folder as for `loyalty.reading.read_events`, or a data frame.
    zone
        Time zone of times that carry none; "UTC" is written, and marked as a doubt, unless stated.

    Returns
    -------
    Guess
        The mapping as TOML, an explanation for a reader, and the events it makes.

    Raises
    ------
    GuessError
        Where no column names a counterparty or no column holds a time.
    SourceError
        Where the table cannot be read.
    """
    workspace = Workspace()
    if _files.is_frame(path):
        _files.load_frame(workspace, "table", path)
        source = "table"
    else:
        files = _files.expand(path)
        _files.load_files(workspace, "table", files)
        names = [Path(f).name for f in files]
        same = itertools.takewhile(
            lambda letters: len(set(letters)) == 1, zip(*names, strict=False)
        )
        source = names[0] if len(names) == 1 else "".join(letters[0] for letters in same) + "*"
    columns = profile(workspace)
    rows = int(workspace.one("SELECT count(*) FROM raw_table"))
    if {c.name.lower() for c in columns} >= set(REQUIRED):
        return Guess("", "This table holds event rows already: it needs no mapping.", None)
    text, recognised, doubts = compose(workspace, source, columns, rows, zone)
    workspace.close()
    table = load_mapping(tomllib.loads(text)).events(path)
    return Guess(text, explain(recognised, doubts, table), table)


# --- columns ------------------------------------------------------------------------------------


def profile(workspace: Workspace) -> list[Column]:
    """What each column holds: kinds from some 10,000 rows spread over the table, counts from all of them."""
    described = workspace.describe("raw_table")
    described.pop("_file")
    rows = int(workspace.one("SELECT count(*) FROM raw_table"))
    step = max(rows // 10_000, 1)
    workspace.run(f"CREATE TEMP VIEW looked AS SELECT * FROM raw_table WHERE rowid % {step} = 0")
    count = "count(DISTINCT {0})" if rows <= 2_000_000 else "approx_count_distinct({0})"
    columns = [Column(name, parts_of(name), sql_type) for name, sql_type in described.items()]
    asked = []
    for column in columns:
        value = quote_name(column.name)
        if column.sql_type == "VARCHAR":
            profile_text(workspace, column, value)
            absent = ", ".join(quote_text(word) for word in column.nulls)
            value = (
                f"nullif({value}, '')"
                if not absent
                else f"CASE WHEN {value} NOT IN ('', {absent}) THEN {value} END"
            )
        else:
            column.kind = kind_of_type(column.sql_type)
            if column.is_number:
                column.negative = bool(workspace.one(f"SELECT min({value}) < 0 FROM raw_table"))
        asked += [f"count({value})", count.format(value)]
    answer = workspace.rows(f"SELECT {', '.join(asked)} FROM raw_table")[0]
    for number, column in enumerate(columns):
        column.filled, column.distinct = answer[2 * number], answer[2 * number + 1]
    return columns


def kind_of_type(sql_type: str) -> str:
    """The kind of a column that has a type already."""
    if sql_type == "DATE":
        return "date"
    if sql_type.startswith("TIMESTAMP WITH"):
        return "timestamptz"
    if sql_type.startswith("TIMESTAMP"):
        return "timestamp"
    if sql_type in ("FLOAT", "DOUBLE") or sql_type.startswith("DECIMAL"):
        return "decimal"
    return "integer" if "INT" in sql_type else "text"


def profile_text(workspace: Workspace, column: Column, quoted: str) -> None:
    """Tell what a text column holds: most of its values must agree."""
    absent = ", ".join(quote_text(word) for word in ABSENT_WORDS)
    text = f"trim({quoted})"
    held = f"{quoted} IS NOT NULL AND {text} NOT IN ({absent})"
    numeric = f"regexp_full_match({text}, '{PLAIN_NUMBER}')"
    comma = rf"regexp_full_match({text}, '[+-]?\d+(,\d+)?')"
    iso = f"regexp_full_match(upper({text}), '{ISO_DATE}([T ]{ISO_CLOCK}{ISO_OFFSET}?)?')"
    offset = f"regexp_full_match(upper({text}), '{ISO_DATE}[T ]{ISO_CLOCK}{ISO_OFFSET}')"
    midnight = f"regexp_full_match({text}, '{ISO_DATE}([T ]00:00(:00(\\.0+)?)?)?')"
    forms = ", ".join(f"count(try_strptime({text}, '{form}'))" for form in FORMS)
    row = workspace.rows(
        f"""SELECT count(*), count_if(regexp_full_match({text}, '[+-]?\\d+')),
            count_if({numeric}), count_if({comma}), count_if({iso}), count_if({offset}), count_if({midnight}),
            {forms} FROM looked WHERE {held}"""
    )[0]
    filled, whole, number, commas, isos, offsets, midnights = row[:7]
    column.nulls = tuple(
        r[0]
        for r in workspace.rows(
            f"SELECT DISTINCT {quoted} FROM raw_table WHERE {quoted} IN ({absent}) ORDER BY 1"
        )
    )
    if not filled:
        return
    minus = False
    if max(whole, number, commas) >= 0.95 * filled:
        minus = bool(
            workspace.one(
                f"SELECT count(*) FROM raw_table WHERE starts_with({text}, '-') AND {held}"
            )
        )
    most = 0.95 * filled
    counts = dict(zip(FORMS, row[7:], strict=True))
    best = max(counts.values())
    if isos >= most:
        column.kind = (
            "timestamptz" if offsets >= most else "date" if midnights == isos else "timestamp"
        )
    elif best >= most and not (best == counts["%Y%m%d"] and whole >= most and not dated(column)):
        fitting = [form for form in FORMS if counts[form] == best]
        column.form = fitting[0]
        column.kind = "timestamp" if "%H" in fitting[0] else "date"
        column.ambiguous = fitting[0].replace("%d/%m", "%m/%d") in fitting[1:]
    elif whole >= most:
        column.kind, column.negative = "integer", minus
    elif number >= most:
        column.kind, column.negative = "decimal", minus
    elif commas >= most:
        column.kind, column.negative, column.comma = "decimal", minus, True


def dated(column: Column) -> bool:
    """Whether a column's name speaks of time."""
    return any(score(column, meaning) for meaning in ("time", "due", "done", "opened"))


# --- rules --------------------------------------------------------------------------------------


def compose(
    workspace: Workspace, source: str, columns: list[Column], rows: int, zone: str | None
) -> tuple[str, list[str], list[str]]:
    """The TOML of a mapping, what was recognised, and what to check."""
    reserved = {
        row[0]
        for row in workspace.rows(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        )
    }

    def sql(column: Column) -> str:
        plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", column.name)
        return (
            column.name
            if plain and column.name.lower() not in reserved
            else quote_name(column.name)
        )

    taken: set[str] = set()

    def pick(meaning: str, fit: Any, least: float = 0.4) -> Column | None:
        found = [
            (score(c, meaning), -i, c)
            for i, c in enumerate(columns)
            if c.name not in taken and fit(c) and c.filled
        ]
        if not found:
            return None
        best, _, column = max(found, key=lambda item: item[:2])
        if best < least:
            return None
        taken.add(column.name)
        return column

    customer = pick_customer(columns, rows)
    listed = ", ".join(c.name for c in columns)
    if customer is None:
        raise GuessError(
            f"{source}: no column seems to name the counterparty (customer, client, supplier …). The columns are: "
            f'{listed}. Write a mapping with relationship = "the column"; `loyalty map --help` shows its words.'
        )
    taken.add(customer.name)
    due = pick("due", lambda c: c.is_time)
    done = pick("done", lambda c: c.is_time)
    answered = pick("answered", lambda c: c.is_time and "due" not in c.parts)
    opened = pick("opened", lambda c: c.is_time)
    paid = pick("paid", lambda c: c.is_time)
    time = pick("time", lambda c: c.is_time, 0.3) or opened
    if time is None:
        left = [c for c in columns if c.is_time and c.name not in taken]
        time = left[0] if left else done or due or answered
    if time is None:
        raise GuessError(
            f"{source}: no column seems to hold a time, which each event needs. The columns are: {listed}."
        )
    amount = pick("amount", lambda c: c.is_number)
    price = pick("price", lambda c: c.is_number)
    quantity = pick("quantity", lambda c: c.is_number)
    margin = pick("margin", lambda c: c.is_number) if amount or price else None

    def numbers(column: Column) -> bool:
        """Whether a column can number orders or tickets: there are about as many as counterparties, or more."""
        return (
            not column.is_time
            and column.kind != "decimal"
            and column.distinct >= max(0.9 * customer.distinct, 2)
        )

    order = pick("order", numbers)
    ticket = None if order else pick("ticket", numbers)
    status = pick("status", lambda c: c.kind == "text" and c.distinct <= 50)
    manager = pick("manager", lambda c: not c.is_time and c.kind != "decimal" and c.distinct > 1)
    currency = pick("currency", lambda c: c.kind == "text" and c.distinct <= 200)

    recognised = [f"counterparty: {customer.name} ({customer.distinct:,} different)"]
    doubts: list[str] = []
    skip: list[str] = []
    events: list[str] = []
    used: list[Column] = [customer]

    def note(what: str, *these: Column | None) -> None:
        present = [c for c in these if c]
        if present:
            recognised.append(f"{what}: {', '.join(c.name for c in present)}")
            used.extend(present)

    money = (
        sql(amount) if amount else f"{sql(price)} * {sql(quantity)}" if price and quantity else ""
    )
    if not money and price:
        money = sql(price)
    if customer.filled < rows:
        skip.append(f'{{ when = {toml(sql(customer) + " IS NULL")}, why = "no {customer.name}" }}')
    if status:
        values = [
            row[0]
            for row in workspace.rows(
                f"SELECT DISTINCT trim({quote_name(status.name)}) FROM looked"
            )
        ]
        gone = sorted(v for v in values if v and re.match(CANCELLED, v.lower()))
        if gone:
            wanted = ", ".join(quote_text(v) for v in gone)
            skip.append(f'{{ when = {toml(f"{sql(status)} IN ({wanted})")}, why = "cancelled" }}')
            note("status (cancelled rows are skipped)", status)

    group = order or ticket
    several = bool(group) and group is not None and group.distinct < rows
    by = f"by = {toml(group.name)}, " if several and group else ""

    def one(column: Column, how: str = "min") -> str:
        """A column in a rule: as it is in a rule without `by`, else its smallest or greatest value in the group."""
        return toml(f"{how}({sql(column)})" if several else column.name)

    def total(expression: str) -> str:
        return toml(f"sum({expression})" if several else expression)

    if money:
        note("money", amount or price, None if amount else quantity)
        sign = next((c for c in (amount, None if amount else quantity) if c and c.negative), None)
        when = ""
        extra = ""
        if quantity and quantity.kind == "integer":
            extra = f", quantity = {total(sql(quantity))}"
            used.append(quantity)
        extra += f", margin = {total(sql(margin))}" if margin else ""
        if sign:
            when = f"when = {toml(f'{money} >= 0')}, "
        events.append(
            f'{{ kind = "purchase", {by}{when}time = {one(time)}, amount = {total(money)}{extra} }}'
        )
        if sign:
            events.append(
                f'{{ kind = "return", {by}when = {toml(f"{money} < 0")}, time = {one(time, "max")}, '
                f"amount = {total(f'-({money})')} }}"
            )
            doubts.append(
                f"Rows with a negative {sign.name} are taken as returns, not our fault (value 0)."
            )
        if margin:
            note("margin", margin)
        if several:
            note("one purchase for each", group)
        doubts.append(
            "Purchases of one counterparty on one day count as one; per_day = false counts each."
        )
    else:
        doubts += unread_money(workspace, [c for c in columns if c.name not in taken])
    if due and done:
        note("promise, due and done", due, done)
        start = time if time not in (due, done) else None
        first = f"least({sql(start)}, {sql(due)})" if start else f"least({sql(due)}, {sql(done)})"
        stamp = toml(f"min({first})" if several else first)
        events.append(
            f'{{ kind = "promise", side = "us", {by}time = {stamp}, due = {one(due)}, done = {one(done, "max")} }}'
        )
        doubts.append(
            f'The promise is taken as ours: done by {due.name}. For a supplier\'s table write side = "them".'
        )
    elif due and paid:
        note("payment, due and paid", due, paid)
        events.append(
            f'{{ kind = "payment", side = "them", {by}time = {one(time)}, due = {one(due)}, '
            f"done = {one(paid, 'max')} }}"
        )
    if answered and not money:
        asked = opened or time
        reference = group or next(
            (c for c in columns if c.distinct == rows and not c.is_time), None
        )
        note("request, asked and answered", asked, answered)
        refers = ""
        if group:
            refers = f", refers_to = {toml(group.name)}"
            note("request number", reference)
        events.append(f'{{ kind = "request", {by}time = {one(asked)}{refers} }}')
        if group:
            events.append(f'{{ kind = "response", {by}time = {one(answered)}{refers} }}')
        else:
            events[-1] = f'{{ kind = "response", time = {one(answered)}, since = {one(asked)} }}'
            doubts.append("Without a number for each request, only answered ones count.")
        doubts.append(
            f"{answered.name} is taken as the answer; the first answer is better where the table has it."
        )
    if not events:
        events.append(f'{{ kind = "purchase", {by}time = {one(time)} }}')
        doubts.append(
            "Nothing but a counterparty and a time was recognised: each row is taken as a purchase."
        )
    if any(time.name in rule for rule in events):
        recognised.insert(1, f"time: {time.name}")
        used.append(time)
    if manager:
        note("manager", manager)
    if currency:
        note("currency", currency)

    typed = []
    for column in dict.fromkeys(c.name for c in used):
        held = next(c for c in columns if c.name == column)
        if held in (customer, group, manager, currency, status) or held.sql_type != "VARCHAR":
            if held.kind == "decimal" and held.sql_type in ("DOUBLE", "FLOAT"):
                typed.append(f'{toml_key(held.name)} = "decimal"')
            continue
        declared = held.kind + (f" {held.form}" if held.form else "")
        typed.append(f"{toml_key(held.name)} = {toml(declared)}")
        if held.ambiguous:
            doubts.append(
                f"{held.name} is taken as day first ({held.form}); its values would fit month first too."
            )
    naive = any(c.kind in ("date", "timestamp") for c in used if c.is_time)
    if naive and zone is None:
        doubts.append('The times carry no zone: timezone = "UTC" is an assumption.')
    lines = [
        "# A guess from the names and values of the columns: read it, and correct it.",
        f"source = {toml(source)}",
        f"relationship = {toml(customer.name)}",
    ]
    if naive or zone:
        lines.append(f"timezone = {toml(zone or 'UTC')}" + ("" if zone else "  # an assumption"))
    nulls = sorted({word for c in used for word in c.nulls})
    if nulls:
        lines.append(f"null = [{', '.join(toml(word) for word in nulls)}]")
    if any(c.comma for c in used):
        lines.append('decimal = ","')
    if currency:
        lines.append(f"currency = {toml(currency.name)}")
    if manager:
        lines.append(f"manager = {toml(manager.name)}")
    kinds = [re.search(r'kind = "(\w+)"', rule)[1] for rule in events]  # type: ignore[index]
    lines.append(
        f"observes = [{', '.join(toml(k) for k in dict.fromkeys(kinds))}]  # kinds that the table records"
    )
    if skip:
        lines += ["skip = [", *(f"  {rule}," for rule in skip), "]"]
    lines += ["event = [", *(f"  {rule}," for rule in events), "]"]
    if typed:
        lines += ["", "[columns]", *typed]
    return "\n".join(lines) + "\n", recognised, doubts


def unread_money(workspace: Workspace, columns: list[Column]) -> list[str]:
    """What to say of columns that are named like money and hold something else than plain numbers."""
    doubts = []
    for column in columns:
        if column.kind != "text" or max(score(column, m) for m in ("amount", "price")) < 0.4:
            continue
        name = quote_name(column.name)
        held = workspace.one(
            f"SELECT min({name}) FROM looked WHERE regexp_matches({name}, '[0-9]')"
        )
        if held is None:
            continue
        doubt = (
            f"{column.name} is named like money, but its values, such as {held!r}, are no plain numbers: no amount was "
            "taken."
        )
        if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})*,\d+", held.strip()):
            cleaned = f"replace(replace({name}, '.', ''), ',', '.')"
            sql = toml(f"CAST({cleaned} AS DECIMAL(18, 2))")
            doubt += f" Points group thousands there: in the rule write amount = {sql}."
        else:
            doubt += " In the rule write amount as SQL that makes a number of it."
        doubts.append(doubt)
    return doubts


def pick_customer(columns: list[Column], rows: int) -> Column | None:
    """The column that names the counterparty: by its name, identifiers before descriptions."""
    best: tuple[float, int, Column] | None = None
    for number, column in enumerate(columns):
        fit = score(column, "customer")
        if not fit or column.is_time or column.kind == "decimal" or column.distinct < 1:
            continue
        if any(
            part in IDENTIFYING or part.endswith(("id", "nr", "nummer")) for part in column.parts
        ):
            fit += 0.5
        if any(part in DESCRIBING for part in column.parts):
            fit -= 0.9
        if column.distinct == rows and rows > 20:
            fit -= 0.3  # a counterparty that never comes again is more likely a row number
        if best is None or fit > best[0]:
            best = (fit, -number, column)
    return best[2] if best and best[0] > 0.2 else None


def toml(text: str) -> str:
    """Text as a TOML string."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def toml_key(name: str) -> str:
    """A column's name as a TOML key."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def explain(recognised: list[str], doubts: list[str], table: EventTable) -> str:
    """What the mapping would do, in words, with its books and some of its events."""
    lines = ["Recognised", *(f"  {line}" for line in recognised), "", "It would make"]
    books: Books = table.books
    lines += [f"  {n:,} {kind}" for kind, n in books.events.items()] or ["  no event"]
    lines += ["", f"of {books.read:,} rows", f"  {books.scored:,} scored"]
    lines += [f"  {n:,} skipped: {why}" for why, n in sorted(books.skipped.items())]
    lines += [f"  {n:,} set aside: {code}" for code, n in sorted(books.set_aside.items())]
    if books.repeats:
        lines.append(f"  {books.repeats:,} rows repeat another exactly; they count")
    lines += ["", "For example"]
    for row in table.sample(1):
        said = ", ".join(
            f"{k} {v}"
            for k, v in row.items()
            if v is not None and k not in ("kind", "relationship", "time")
        )
        lines.append(
            f"  {row['time']}  {row['relationship']}  {row['kind']}{'  ' + said if said else ''}"
        )
    if doubts:
        lines += ["", "Check", *(f"  - {line}" for line in doubts)]
    return "\n".join(lines)
