//! The order that a browser placed last, remembered until it closes. Browsers leave out pages that pass a customer
//! on, so the way back from the gateway ends at an empty cart; from there this leads to the order.

use crate::i18n;
use http::{HeaderMap, HeaderValue};
use ipnd_store::Order;

const COOKIE: &str = "latest_order";

pub(super) fn cookie(order: &Order, slug: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={}; Path=/shop/{slug}; SameSite=Lax; HttpOnly{secure}", order.token);
    HeaderValue::from_str(&text).expect("tokens and slugs are ASCII letters and digits")
}

/// The token in the cookie, which may be anything.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    i18n::cookie(headers, COOKIE)
}
