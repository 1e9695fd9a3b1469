//! Ids drawn at random, some in the shapes that PayPal uses.

use rand::TryRng as _;

const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// 17 characters of `[0-9A-Z]`.
pub(crate) fn transaction_id() -> String {
    letters(17)
}

/// `PP-D-` and some digits.
pub(crate) fn case_id() -> String {
    format!("PP-D-{}", random().iter().take(6).map(|byte| char::from(b'0' + byte % 10)).collect::<String>())
}

/// So many of `[0-9A-Z]`, at most 32.
pub(crate) fn letters(count: usize) -> String {
    random().iter().take(count).map(|byte| char::from(LETTERS[usize::from(byte % 36)])).collect()
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_have_their_shape_and_differ() {
        let id = super::transaction_id();
        assert!(id.len() == 17 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
        assert_ne!(id, super::transaction_id());
        assert_eq!(super::case_id().len(), 11);
    }
}
