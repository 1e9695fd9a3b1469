//! Where in a message a value stands: the steps that lead to it.

use crate::kit::json::Json;
use std::borrow::Cow;
use std::fmt;

/// Longest path that is read, in steps and in bytes of its text.
const STEPS_MAX: usize = 16;
const PATH_BYTES_MAX: usize = 200;

/// Highest place in a list that is written.
const PLACE_MAX: usize = 16;

/// The text of an element that has attributes.
pub const OWN_TEXT: &str = "#text";

/// Where a value stands: names and places in lists, one inside the other. There may be several ways, of which the
/// first one counts that leads to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    ways: Vec<Vec<String>>,
}

impl Path {
    /// From a text such as `data.order.id` or `items.0.price`, and `data.order_id|data.metadata.order_id` for two ways.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATH_BYTES_MAX {
            return Err(format!("“{text:.40}...” is too long to be a path"));
        }
        let ways = text.split('|').map(|way| way.split('.').map(str::to_owned).collect());
        Self::of_ways(ways.collect(), text)
    }

    /// One way, in whose names a full stop is an ordinary character.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub fn of_steps(steps: Vec<String>) -> Result<Self, String> {
        let text = steps.join(".");
        Self::of_ways(vec![steps], &text)
    }

    fn of_ways(ways: Vec<Vec<String>>, text: &str) -> Result<Self, String> {
        let is_good = |way: &Vec<String>| {
            (1..=STEPS_MAX).contains(&way.len())
                && way.iter().all(|step| !step.is_empty() && step.trim() == step)
        };
        if ways.iter().all(is_good) { Ok(Self { ways }) } else { Err(format!("“{text}” is no path")) }
    }

    /// The text, number or truth value there, as it was written, unless it is empty.
    #[must_use]
    pub fn find<'j>(&self, content: &'j Json<'_>) -> Option<&'j str> {
        self.ways.iter().find_map(|way| scalar(at(content, way)))
    }

    /// The value at the first way that leads to one.
    #[must_use]
    pub fn value<'j, 'a>(&self, content: &'j Json<'a>) -> Option<&'j Json<'a>> {
        self.ways.iter().map(|way| at(content, way)).find(|value| !value.is_null())
    }

    /// Whether several values stand there, so that nobody can say which one counts.
    #[must_use]
    pub fn is_repeated(&self, content: &Json<'_>) -> bool {
        self.ways.iter().any(|way| matches!(at(content, way), Json::List(_)))
    }

    /// Puts a value there, by the first way. Not where another value stands already.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn put(&self, content: &mut Json<'static>, value: Json<'static>) -> Result<(), String> {
        let mut place = content;
        for step in &self.ways[0] {
            place = inside(place, step).ok_or_else(|| format!("there is no room at {self}"))?;
        }
        if place.is_null() || *place == value {
            *place = value;
            return Ok(());
        }
        Err(format!("two different values would stand at {self}"))
    }

    /// Whether whoever has all of those has this, too. A path of several ways stands only for the first one that leads
    /// to something, so it stands for none of them alone.
    #[must_use]
    pub fn is_among(&self, others: &[Self]) -> bool {
        let is_one = |way: &Vec<String>| others.iter().any(|other| other.ways == std::slice::from_ref(way));
        others.contains(self) || self.ways.iter().all(is_one)
    }

    /// The only name of a path of one way and one step, as fields of forms have.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.ways.as_slice() {
            [way] => match way.as_slice() {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the path leads into something, by any of its ways.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.ways.iter().any(|way| way.len() > 1)
    }
}

/// As it is written in a description.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways: Vec<String> = self.ways.iter().map(|way| way.join(".")).collect();
        f.write_str(&ways.join("|"))
    }
}

static NULL: Json<'static> = Json::Null;

fn at<'j, 'a>(content: &'j Json<'a>, way: &[String]) -> &'j Json<'a> {
    way.iter().fold(content, |value, step| match value {
        Json::List(values) => step.parse::<usize>().ok().and_then(|place| values.get(place)).unwrap_or(&NULL),
        other => other.field(step),
    })
}

fn scalar<'j>(value: &'j Json<'_>) -> Option<&'j str> {
    if value.is_object() { value.field(OWN_TEXT).as_scalar() } else { value.as_scalar() }
}

/// The place behind one step, made where there is none. `None` where something else stands in the way.
fn inside<'j>(place: &'j mut Json<'static>, step: &str) -> Option<&'j mut Json<'static>> {
    let number = step.parse::<usize>().ok().filter(|number| *number <= PLACE_MAX);
    if place.is_null() {
        *place = if number.is_some() { Json::List(Vec::new()) } else { Json::Object(Vec::new()) };
    }
    match (place, number) {
        (Json::List(values), Some(number)) => {
            while values.len() <= number {
                values.push(Json::Null);
            }
            values.get_mut(number)
        }
        (Json::Object(fields), _) => {
            let known = fields.iter().position(|(name, _)| name == step);
            let place = known.unwrap_or(fields.len());
            if known.is_none() {
                fields.push((Cow::Owned(step.to_owned()), Json::Null));
            }
            Some(&mut fields[place].1)
        }
        _ => None,
    }
}
