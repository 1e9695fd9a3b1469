//! JSON with one reading: no duplicate keys at any depth (T-B11), no type for another (T-B10), bounded nesting
//! (T-G03), and every mistake named by the path of its field.

use super::exact::Exact;
use crate::app::App;
use crate::body::{self, BodyProblem};
use crate::problem::Problem;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use ipnd_core::limits::JSON_DEPTH_MAX;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The largest body the API reads, in bytes.
const BODY_BYTES_MAX: u64 = 256 * 1024;

/// A request's body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let is_json = request.headers().get(CONTENT_TYPE).is_some_and(|value| {
            let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
        });
        if !is_json {
            return Err(Problem::NotJson);
        }
        let body =
            body::read(request.into_body(), BODY_BYTES_MAX).await.map_err(|problem| match problem {
                BodyProblem::TooLarge => Problem::BodyTooLarge { limit: BODY_BYTES_MAX },
                BodyProblem::TooSlow => Problem::TooSlow,
                BodyProblem::Broken => Problem::Malformed("the body broke off".into()),
            })?;
        parse(&body).map(Self)
    }
}

/// Reads the text strictly, then as what is expected.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let value =
        strict(text).map_err(|error| Problem::Malformed(format!("this is not usable JSON: {error}")))?;
    serde_path_to_error::deserialize(Exact(value)).map_err(|error| {
        let path = error.path().to_string();
        // serde names the body itself with a dot.
        let field = if path == "." { "body".to_owned() } else { path };
        Problem::field(field, error.into_inner().to_string())
    })
}

fn strict(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Builds a value and refuses what has more than one reading.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth < JSON_DEPTH_MAX {
            Ok(self.depth + 1)
        } else {
            Err(E::custom(format_args!("it is nested more than {JSON_DEPTH_MAX} levels deep")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict { depth })? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Strict { depth })?;
            if values.contains_key(&key) {
                let key: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format_args!(
                    "the key “{key}” stands more than once in one object"
                )));
            }
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_b11_duplicate_json_keys() {
        for text in [
            r#"{"amount":1,"amount":2000}"#,
            r#"{"a":[{"b":{"c":1,"d":2,"c":1}}]}"#,
            r#"{"amount":1,"am\u006funt":2000}"#,
            r#"{"":1,"":1}"#,
        ] {
            assert!(strict(text.as_bytes()).unwrap_err().to_string().contains("more than once"), "{text}");
        }
        assert!(strict(br#"{"a":{"a":1},"A":2,"b":[{"a":1},{"a":1}]}"#).is_ok());
    }

    #[test]
    fn t_g03_deep_nesting() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(strict(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        assert!(strict(nested(JSON_DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(strict("[".repeat(100_000).as_bytes()).is_err());
        assert!(strict(format!("{}1", "{\"a\":".repeat(100_000)).as_bytes()).is_err());
    }

    #[test]
    fn mistakes_are_named_by_their_path() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            #[serde(rename = "items")]
            _items: Vec<Inner>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            #[serde(rename = "n")]
            _n: u32,
        }
        let problem = |text: &str| match parse::<Outer>(text.as_bytes()).unwrap_err() {
            Problem::Invalid(fields) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(problem(r#"{"items":[{"n":1},{"n":"x"}]}"#), "items[1].n");
        assert_eq!(problem(r#"{"items":[{"n":1,"m":2}]}"#), "items[0].m");
        assert_eq!(problem("{}"), "body");
        assert!(matches!(parse::<Outer>(b"{} x"), Err(Problem::Malformed(_))));
        assert!(matches!(parse::<Outer>(b"\xff"), Err(Problem::Malformed(_))));
    }
}
