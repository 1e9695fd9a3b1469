//! The names of the variables that mean something here.
//!
//! Names have brackets and a dot (`transaction[0].amount`), which come percent-encoded or as they are. They are compared
//! decoded, so both spellings are one name and cannot stand beside each other.

/// Receivers that one payment can have.
pub(super) const SHARES_MAX: usize = 6;

/// Variables of the whole request.
const OF_REQUEST: &[&str] = &[
    "approved",
    "charset",
    "memo",
    "notify_version",
    "pay_key",
    "payment_request_date",
    "preapproval_key",
    "reason_code",
    "sender_email",
    "status",
    "test_ipn",
    "trackingId",
    "tracking_id",
    "transaction_type",
    "txn_type",
    "verify_sign",
];

/// Variables of one receiver, behind `transaction[n].`.
const OF_SHARE: &[&str] = &[
    "amount",
    "id",
    "invoiceId",
    "is_primary_receiver",
    "pending_reason",
    "receiver",
    "refund_amount",
    "refund_id",
    "status",
    "status_for_sender_txn",
];

/// The name of one receiver's variable.
pub(super) fn of_share(place: usize, name: &str) -> String {
    format!("transaction[{place}].{name}")
}

pub(super) fn is_known(name: &str) -> bool {
    OF_REQUEST.binary_search(&name).is_ok() || place(name).is_some()
}

/// Which receiver a variable belongs to.
pub(super) fn place(name: &str) -> Option<usize> {
    let (place, own) = name.strip_prefix("transaction[")?.split_once("].")?;
    let place = (0..SHARES_MAX).find(|number| number.to_string() == place)?;
    OF_SHARE.binary_search(&own).is_ok().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_so_that_every_name_is_found() {
        assert!(OF_REQUEST.is_sorted() && OF_SHARE.is_sorted());
        for name in ["pay_key", "transaction[0].amount", "transaction[5].status_for_sender_txn"] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "",
            "transaction",
            "transaction[0]",
            "transaction[6].amount",
            "transaction[00].amount",
            "transaction[-1].amount",
            "transaction[0].Amount",
            "transaction[0].amount.x",
            "transaction[0].",
            "Pay_key",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
