//! The identity of an event: what makes two messages about it the same news.

use ipnd_core::EventKind;

/// The kind and what tells events of this kind apart, such as a transaction and a status. Nothing that the proof does
/// not cover may be part of it, or whoever copies a message could make it count twice.
///
/// Parts are kept apart for certain (T-A16): a slash inside a part is written as `%2F`.
#[must_use]
pub fn of(kind: EventKind, parts: &[&str]) -> String {
    let mut identity = kind.word().to_owned();
    for part in parts {
        identity.push('/');
        identity.push_str(&part.replace('%', "%25").replace('/', "%2F"));
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_a16_joined_fields_collide() {
        let of = |parts: &[&str]| of(EventKind::PaymentCompleted, parts);
        assert_eq!(of(&["a", "b"]), "payment.completed/a/b");
        assert_ne!(of(&["a/b"]), of(&["a", "b"]));
        assert_ne!(of(&["a%2Fb"]), of(&["a/b"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
    }
}
