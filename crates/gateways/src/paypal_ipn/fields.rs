//! The names of PayPal's variables that mean something here.

/// Variables that are read from a message, or that tell a message from any other form.
const KNOWN: &[&str] = &[
    "account_key",
    "address_city",
    "address_country",
    "address_country_code",
    "address_name",
    "address_state",
    "address_street",
    "address_zip",
    "business",
    "case_creation_date",
    "case_id",
    "case_type",
    "charset",
    "contact_phone",
    "currency_code",
    "custom",
    "discount",
    "event_type",
    "first_name",
    "handling_amount",
    "initial_payment_amount",
    "initial_payment_status",
    "initial_payment_txn_id",
    "insurance_amount",
    "invoice",
    "ipn_track_id",
    "item_name",
    "item_number",
    "last_name",
    "mc_currency",
    "mc_fee",
    "mc_gross",
    "mc_handling",
    "mc_shipping",
    "memo",
    "mp_custom",
    "mp_id",
    "next_payment_date",
    "notify_version",
    "parent_txn_id",
    "payer_business_name",
    "payer_email",
    "payment_date",
    "payment_status",
    "pending_reason",
    "product_name",
    "profile_status",
    "quantity",
    "reason_code",
    "receiver_email",
    "receiver_id",
    "recurring_payment_id",
    "residence_country",
    "retry_at",
    "rp_invoice_id",
    "shipping",
    "shipping_discount",
    "subscr_date",
    "subscr_effective",
    "subscr_id",
    "tax",
    "test_ipn",
    "time_created",
    "transaction_type",
    "txn_id",
    "txn_type",
    "verify_sign",
];

/// Variables with a number at the end: of a line of the cart, or of a recipient of mass pay.
const KNOWN_NUMBERED: &[&str] = &[
    "item_name",
    "item_number",
    "quantity",
    "masspay_txn_id_",
    "mc_currency_",
    "mc_fee_",
    "mc_gross_",
    "reason_code_",
    "receiver_email_",
    "status_",
    "unique_id_",
];

pub(super) fn is_known(name: &str) -> bool {
    if KNOWN.binary_search(&name).is_ok() {
        return true;
    }
    let stem = name.trim_end_matches(|last: char| last.is_ascii_digit());
    stem.len() < name.len() && KNOWN_NUMBERED.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_every_name_is_found() {
        assert!(KNOWN.is_sorted());
        for name in ["txn_id", "account_key", "verify_sign", "item_name1", "quantity12", "status_250"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["", "1", "txn_id1", "status_", "Txn_id", "option_name1", "item_name1x"] {
            assert!(!is_known(name), "{name}");
        }
    }
}
