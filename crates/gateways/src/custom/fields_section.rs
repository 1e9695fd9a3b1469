//! The sections `[fields]` and `[events]` of a description: where everything stands, and what the sender's words mean.

use super::content::Format;
use super::toml_table::{Fault, Row, RowValue, Table, nearest};
use crate::kit::mapping::{Clock, CurrencyAt, Mapping, Meaning, Path, TestFlag, Unit};
use ipnd_core::{Currency, EventKind};
use jiff::tz::Offset;

/// Forms have no fields inside fields.
pub(super) fn flat(path: &Path, format: Format) -> Result<(), String> {
    if matches!(format, Format::Form(_)) && path.is_nested() {
        return Err(format!(
            "a form has no fields inside fields, so “{path}” leads nowhere; if that is a name with full stops in it, \
             write it in brackets: [\"{path}\"]"
        ));
    }
    Ok(())
}

pub(super) fn mapping(mut table: Table<'_>, events: Table<'_>, format: Format) -> Result<Mapping, Fault> {
    let missing = table.fault("fields.type is missing: where the word stands that says what happened");
    let path = |table: &mut Table<'_>, key: &'static str| -> Result<Option<Path>, Fault> {
        let Some(taken) = table.path(key)? else { return Ok(None) };
        flat(&taken.value, format).map_err(|what| taken.fault(what))?;
        Ok(Some(taken.value))
    };
    let kind = path(&mut table, "type")?.ok_or(missing)?;
    let mapping = Mapping {
        status: path(&mut table, "status")?,
        order: path(&mut table, "order")?,
        transaction: path(&mut table, "transaction")?,
        parent: path(&mut table, "parent")?,
        subscription: path(&mut table, "subscription")?,
        case: path(&mut table, "case")?,
        fee: path(&mut table, "fee")?,
        customer_name: path(&mut table, "customer_name")?,
        customer_email: path(&mut table, "customer_email")?,
        reason: path(&mut table, "reason")?,
        custom: path(&mut table, "custom")?,
        amount: amount(path(&mut table, "amount")?, &mut table)?,
        currency: currency(path(&mut table, "currency")?, &mut table)?,
        occurred_at: time(path(&mut table, "time")?, &mut table)?,
        test: test(path(&mut table, "test")?, &mut table)?,
        identity: identity(&mut table, format)?,
        totals: totals(&mut table)?,
        ..Mapping::new(kind)
    };
    let mapping = Mapping { words: words(events, mapping.status.is_some())?, ..mapping };
    check_mapping(&mapping, &table)?;
    table.finish()?;
    Ok(mapping)
}

fn amount(path: Option<Path>, table: &mut Table<'_>) -> Result<Option<(Path, Unit)>, Fault> {
    let unit = if table.is_number("amount_in") {
        let places = table.whole_number("amount_in")?;
        let places = places.ok_or_else(|| table.fault("fields.amount_in is missing"))?;
        let number = u8::try_from(places.value).ok().filter(|number| *number <= 18);
        Some(Unit::Places(
            number.ok_or_else(|| places.fault("fields.amount_in has at most 18 decimal places"))?,
        ))
    } else {
        table.choice("amount_in", &[("major", Unit::Major), ("minor", Unit::Minor)])?
    };
    match (path, unit) {
        (Some(path), Some(unit)) => Ok(Some((path, unit))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(table.fault(
            "fields.amount_in is missing: \"major\" for 25.99, \"minor\" for 2599, or the number of decimal places \
             that the sender uses in every currency",
        )),
        (None, Some(_)) => Err(table.fault("fields.amount_in is there, but not fields.amount")),
    }
}

fn currency(path: Option<Path>, table: &mut Table<'_>) -> Result<Option<CurrencyAt>, Fault> {
    let always = table.text("currency_always")?;
    match (path, always) {
        (Some(_), Some(always)) => Err(always.fault("either fields.currency or fields.currency_always")),
        (Some(path), None) => Ok(Some(CurrencyAt::Path(path))),
        (None, Some(always)) => match Currency::from_code(&always.value) {
            Ok(currency) => Ok(Some(CurrencyAt::Always(currency))),
            Err(_) => Err(always.fault(format!("“{}” is not a known currency (EUR, USD ...)", always.value))),
        },
        (None, None) => Ok(None),
    }
}

fn time(path: Option<Path>, table: &mut Table<'_>) -> Result<Option<(Path, Clock)>, Fault> {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Rfc3339,
        Seconds,
        Milliseconds,
        Local,
    }
    let words = [
        ("rfc3339", Word::Rfc3339),
        ("seconds", Word::Seconds),
        ("milliseconds", Word::Milliseconds),
        ("local", Word::Local),
    ];
    let word = table.choice("time_format", &words)?;
    let offset = table.text("time_offset")?;
    if let Some(offset) = offset.as_ref().filter(|_| word != Some(Word::Local)) {
        return Err(offset.fault("fields.time_offset is for time_format = \"local\""));
    }
    let Some(path) = path else {
        return if word.is_none() { Ok(None) } else { Err(table.fault("fields.time is missing")) };
    };
    let clock = match word.unwrap_or(Word::Rfc3339) {
        Word::Rfc3339 => Clock::Rfc3339,
        Word::Seconds => Clock::Seconds,
        Word::Milliseconds => Clock::Milliseconds,
        Word::Local => {
            let missing = table.fault("fields.time_offset is missing: +02:00, say, for times without a zone");
            let offset = offset.ok_or(missing)?;
            let own = offset_of(&offset.value);
            Clock::Local(own.ok_or_else(|| offset.fault("an offset is written as +02:00"))?)
        }
    };
    Ok(Some((path, clock)))
}

/// `+02:00`.
fn offset_of(text: &str) -> Option<Offset> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str| digits.parse::<i32>().ok().filter(|_| digits.len() == 2);
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn test(path: Option<Path>, table: &mut Table<'_>) -> Result<Option<TestFlag>, Fault> {
    let word = table.text("test_word")?;
    match (path, word) {
        (None, None) => Ok(None),
        (None, Some(word)) => Err(word.fault("fields.test_word is there, but not fields.test")),
        (Some(path), word) => {
            Ok(Some(TestFlag { path, word: word.map_or_else(|| "true".to_owned(), |word| word.value) }))
        }
    }
}

fn identity(table: &mut Table<'_>, format: Format) -> Result<Vec<Path>, Fault> {
    let Some(paths) = table.paths("identity")? else { return Ok(Vec::new()) };
    if paths.value.is_empty() {
        return Err(
            paths.fault("fields.identity names nothing; leave it out to use the references and the words")
        );
    }
    paths.value.iter().try_for_each(|path| flat(path, format)).map_err(|what| paths.fault(what))?;
    Ok(paths.value)
}

fn totals(table: &mut Table<'_>) -> Result<Vec<EventKind>, Fault> {
    let Some(words) = table.words("totals")? else { return Ok(Vec::new()) };
    words.value.iter().map(|word| kind(word).map_err(|what| words.fault(what))).collect()
}

/// An event's kind, by the word that ipnd has for it.
fn kind(word: &str) -> Result<EventKind, String> {
    EventKind::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.word()).collect();
        let near = nearest(word, &known).map(|near| format!("; do you mean {near}?")).unwrap_or_default();
        format!("“{word}” is no kind of event{near}")
    })
}

/// The word that stands for no event at all.
const NOTHING: &str = "nothing";

fn words(table: Table<'_>, has_status: bool) -> Result<Vec<(String, Meaning)>, Fault> {
    let nothing_said = table.fault(
        "[events] is empty: say what the sender's words mean, such as \"paid\" = \"payment.completed\"",
    );
    let rows = table.rest();
    if rows.is_empty() {
        return Err(nothing_said);
    }
    let meaning = |row: Row| {
        let wrong = |what: &str| Fault::new(row.at.clone(), format!("events.\"{}\": {what}", row.key));
        let meaning = match row.value {
            RowValue::Words(words) => Meaning::Kinds(kinds(&words).map_err(|what| wrong(&what))?),
            RowValue::Rows(_) if !has_status => {
                return Err(wrong("the meaning depends on a status, so fields.status is needed"));
            }
            RowValue::Rows(rows) => {
                Meaning::ByStatus(rows.into_iter().map(by_status).collect::<Result<_, _>>()?)
            }
            RowValue::Other => {
                return Err(wrong("the meaning is an event in quotation marks, or a list of them"));
            }
        };
        Ok((row.key, meaning))
    };
    rows.into_iter().map(meaning).collect()
}

fn by_status(row: Row) -> Result<(String, Vec<EventKind>), Fault> {
    let wrong = |what: &str| Fault::new(row.at.clone(), format!("“{}”: {what}", row.key));
    match &row.value {
        RowValue::Words(words) => Ok((row.key.clone(), kinds(words).map_err(|what| wrong(&what))?)),
        _ => Err(wrong("the meaning is an event in quotation marks, or a list of them")),
    }
}

fn kinds(words: &[String]) -> Result<Vec<EventKind>, String> {
    if words == [NOTHING] {
        return Ok(Vec::new());
    }
    if words.is_empty() {
        return Err(format!("say “{NOTHING}” for what means nothing"));
    }
    words.iter().map(|word| kind(word)).collect()
}

fn check_mapping(mapping: &Mapping, table: &Table<'_>) -> Result<(), Fault> {
    let means = |is_so: &dyn Fn(EventKind) -> bool| {
        mapping.words.iter().any(|(_, meaning)| match meaning {
            Meaning::Kinds(kinds) => kinds.iter().any(|kind| is_so(*kind)),
            Meaning::ByStatus(words) => words.iter().any(|(_, kinds)| kinds.iter().any(|kind| is_so(*kind))),
        })
    };
    if means(&|kind| kind == EventKind::PaymentCompleted)
        && (mapping.amount.is_none() || mapping.order.is_none())
    {
        return Err(
            table.fault("a payment pays an order with an amount: fields.order and fields.amount are needed")
        );
    }
    if mapping.amount.is_some() && mapping.currency.is_none() {
        return Err(table.fault("an amount needs a currency: fields.currency, or fields.currency_always"));
    }
    if mapping.fee.is_some() && mapping.amount.is_none() {
        return Err(table.fault("fields.fee is in the unit of fields.amount, which is missing"));
    }
    let names = [&mapping.transaction, &mapping.subscription, &mapping.case, &mapping.order];
    if mapping.identity.is_empty() && names.iter().all(|name| name.is_none()) {
        return Err(table.fault(
            "nothing tells one message from another: fields.identity, or fields.transaction at least, is needed",
        ));
    }
    Ok(())
}
