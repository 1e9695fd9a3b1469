//! Reads the TOML of a description, table by table, and names the line of whatever is wrong with it.
//!
//! People write descriptions by hand, so nothing is passed over in silence: a key that is not known here is a mistake,
//! and the nearest one that is known is offered.

use crate::kit::mapping::Path;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Longest description, in bytes.
const BYTES_MAX: usize = 20_000;

/// What is wrong with a description, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    /// `line 7: ...`.
    pub(super) fn in_text(&self, text: &str) -> String {
        let before = text.get(..self.at.start).unwrap_or(text);
        format!("line {}: {}", before.matches('\n').count() + 1, self.what)
    }
}

type Entry<'i> = (String, Range<usize>, Spanned<DeValue<'i>>);

/// A table of which the keys are taken one after the other; what is left is a mistake.
pub(super) struct Table<'i> {
    name: String,
    at: Range<usize>,
    entries: Vec<Entry<'i>>,
    /// Every key that was asked for.
    known: Vec<&'static str>,
}

/// A value that was taken, with its place.
pub(super) struct Taken<T> {
    pub(super) value: T,
    pub(super) at: Range<usize>,
}

impl<T> Taken<T> {
    pub(super) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.at.clone(), what)
    }
}

impl<'i> Table<'i> {
    pub(super) fn parse(text: &'i str) -> Result<Self, Fault> {
        if text.len() > BYTES_MAX {
            return Err(Fault::new(0..0, format!("the description is longer than {BYTES_MAX} bytes")));
        }
        let parsed = DeTable::parse(text)
            .map_err(|error| Fault::new(error.span().unwrap_or(0..0), error.message().replace('\n', ", ")))?;
        Ok(Self::of(String::new(), 0..0, parsed.into_inner()))
    }

    fn of(name: String, at: Range<usize>, table: DeTable<'i>) -> Self {
        let entry = |(key, value): (Spanned<toml::de::DeString<'i>>, Spanned<DeValue<'i>>)| {
            (key.get_ref().to_string(), key.span(), value)
        };
        Self { name, at, entries: table.into_iter().map(entry).collect(), known: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<(Range<usize>, Spanned<DeValue<'i>>)> {
        self.known.push(key);
        let place = self.entries.iter().position(|(own, _, _)| own == key)?;
        let (_, at, value) = self.entries.remove(place);
        Some((at, value))
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A fault about this table as a whole.
    pub(super) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.at.clone(), what)
    }

    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Table<'i>>, Fault> {
        let name = self.full(key);
        let Some((at, value)) = self.take(key) else { return Ok(None) };
        match value.into_inner() {
            DeValue::Table(table) => Ok(Some(Table::of(name, at, table))),
            _ => Err(Fault::new(at, format!("{name} must be a table of its own: [{name}]"))),
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<Taken<String>>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        match value.into_inner() {
            DeValue::String(text) if text.chars().any(char::is_control) => {
                Err(Fault::new(at, format!("{name} holds a control character")))
            }
            DeValue::String(text) => Ok(Some(Taken { value: text.into_owned(), at })),
            _ => Err(Fault::new(at, format!("{name} must be a text in quotation marks"))),
        }
    }

    /// A text of several lines.
    pub(super) fn lines(&mut self, key: &'static str) -> Result<Option<String>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        match value.into_inner() {
            DeValue::String(text) => Ok(Some(text.into_owned())),
            _ => Err(Fault::new(at, format!("{name} must be a text in quotation marks"))),
        }
    }

    pub(super) fn needed_text(&mut self, key: &'static str, why: &str) -> Result<Taken<String>, Fault> {
        let missing = self.fault(format!("{} is missing: {why}", self.full(key)));
        self.text(key)?.ok_or(missing)
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, Fault> {
        let name = self.full(key);
        let Some(taken) = self.text(key)? else { return Ok(None) };
        let own = words.iter().find(|(word, _)| *word == taken.value);
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        own.map(|(_, value)| Some(*value)).ok_or_else(|| {
            taken.fault(format!("{name} cannot be “{}”; it is one of: {}", taken.value, known.join(", ")))
        })
    }

    pub(super) fn whole_number(&mut self, key: &'static str) -> Result<Option<Taken<u32>>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        let number = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            _ => None,
        };
        let number =
            number.ok_or_else(|| Fault::new(at.clone(), format!("{name} must be a whole number")))?;
        Ok(Some(Taken { value: number, at }))
    }

    pub(super) fn is_true(&mut self, key: &'static str) -> Result<bool, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(false) };
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| Fault::new(value.span(), format!("{name} must be true or false")))
    }

    /// Either a number or a text.
    pub(super) fn is_number(&self, key: &str) -> bool {
        self.entries.iter().any(|(own, _, value)| own == key && value.get_ref().is_integer())
    }

    /// A path: a text such as `data.order.id`, or a list of names.
    pub(super) fn path(&mut self, key: &'static str) -> Result<Option<Taken<Path>>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        let path =
            path_of(value.get_ref()).map_err(|what| Fault::new(at.clone(), format!("{name}: {what}")))?;
        Ok(Some(Taken { value: path, at }))
    }

    /// A list of paths.
    pub(super) fn paths(&mut self, key: &'static str) -> Result<Option<Taken<Vec<Path>>>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        let wrong = |what: String| Fault::new(at.clone(), format!("{name}: {what}"));
        let DeValue::Array(values) = value.get_ref() else {
            return Err(wrong("it must be a list of paths".into()));
        };
        let paths = values.iter().map(|value| path_of(value.get_ref())).collect::<Result<Vec<_>, _>>();
        let paths = paths.map_err(wrong)?;
        Ok(Some(Taken { value: paths, at }))
    }

    /// A list of texts, or one text alone.
    pub(super) fn words(&mut self, key: &'static str) -> Result<Option<Taken<Vec<String>>>, Fault> {
        let name = self.full(key);
        let Some((_, value)) = self.take(key) else { return Ok(None) };
        let at = value.span();
        let words = words_of(value.get_ref());
        let words = words.ok_or_else(|| Fault::new(at.clone(), format!("{name} must be a list of words")))?;
        Ok(Some(Taken { value: words, at }))
    }

    /// What is left, whatever its keys are called.
    pub(super) fn rest(self) -> Vec<Row> {
        self.entries.into_iter().map(|(key, at, value)| Row { key, at, value: RowValue::of(value) }).collect()
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), Fault> {
        let Some((key, at, _)) = self.entries.first() else { return Ok(()) };
        let near = nearest(key, &self.known);
        let near = near.map(|near| format!("; do you mean {}?", self.full(near))).unwrap_or_default();
        Err(Fault::new(at.clone(), format!("{} is not known here{near}", self.full(key))))
    }
}

/// A row of a table whose keys are the sender's own words.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) at: Range<usize>,
    pub(super) value: RowValue,
}

pub(super) enum RowValue {
    Words(Vec<String>),
    Rows(Vec<Row>),
    Other,
}

impl RowValue {
    fn of(value: Spanned<DeValue<'_>>) -> Self {
        if let Some(words) = words_of(value.get_ref()) {
            return Self::Words(words);
        }
        let at = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Self::Rows(Table::of(String::new(), at, table).rest()),
            _ => Self::Other,
        }
    }
}

fn words_of(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(values) => {
            values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn path_of(value: &DeValue<'_>) -> Result<Path, String> {
    match value {
        DeValue::String(text) => Path::parse(text),
        DeValue::Array(values) => {
            let steps: Option<Vec<String>> =
                values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect();
            Path::of_steps(steps.ok_or("the names of a path are texts")?)
        }
        _ => Err("a path is a text such as \"data.order.id\", or a list of names".to_owned()),
    }
}

/// The known word that differs in the fewest letters, if that are few.
pub(super) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let near = known.iter().map(|own| (distance(word, own), *own)).min()?;
    (near.0 <= 1 + word.len() / 4).then_some(near.1)
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (place, letter) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], place + 1);
        for column in 0..b.len() {
            let changed = before + usize::from(letter != b[column]);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}
