//! Typed ids: a number in the database, a prefixed text outside (`ord_17`), so that one kind is never taken for
//! another.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not an id of this kind (expected {prefix}_ and a number)")]
pub struct NotAnId {
    pub text: String,
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)+) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let number = text.strip_prefix(concat!($prefix, "_")).filter(|digits| {
                    digits.bytes().all(|byte| byte.is_ascii_digit())
                });
                number
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| NotAnId { text: text.chars().take(40).collect(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A merchant.
    ShopId = "shp";
    /// A shop's account at a gateway.
    AccountId = "acc";
    ProductId = "prd";
    OrderId = "ord";
    NotificationId = "ntf";
    EventId = "evt";
    /// A question to the owner.
    ReviewId = "rev";
    /// A mail in the outbox.
    MailId = "mai";
    /// A URL that wants to be told.
    EndpointId = "end";
    /// One thing told to one endpoint.
    DeliveryId = "dlv";
    UserId = "usr";
    ApiKeyId = "key";
}
