//! What stands in an address: parameters of a list, ids.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ipnd_core::Language;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The query, with unknown and repeated parameters refused.
pub(super) struct Params<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|error| Problem::Malformed(error.body_text()))
    }
}

/// The last part of an address as it was sent.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::NotFound)
    }
}

/// The last part of an address as an id. What is no id is nothing that exists.
pub(super) struct Id<T>(pub(super) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Name::from_request_parts(parts, state).await?;
        name.0.parse().map(Self).map_err(|_| Problem::NotFound)
    }
}

/// The language of sentences: what `Accept-Language` asks for, else English.
pub(super) struct Spoken(pub(super) Language);

impl<S: Sync> FromRequestParts<S> for Spoken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = parts.headers.get(http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(header.and_then(Language::from_accept_language).unwrap_or_default()))
    }
}

/// A parameter that is one of a list of words, or what is wrong with it.
pub(super) fn word<T>(
    name: &str,
    text: Option<&str>,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    text.map(|text| find(text).ok_or_else(|| Problem::field(name, "this word is not known"))).transpose()
}

/// A parameter that is an id.
pub(super) fn id<T: FromStr<Err: ToString>>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|error: T::Err| Problem::field(name, error.to_string()))).transpose()
}
