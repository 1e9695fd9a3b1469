//! The message that Adyen would have sent.

use super::*;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let is_automatic = settings.get("capture") == Some("automatic");
    let written = Written::of(event, is_automatic).ok_or_else(|| cannot(event.kind.word()))?;
    let money = event.amount.ok_or_else(|| cannot("an event without an amount"))?;
    let value = amount::in_places(money, places(money.currency()));
    let value = value.ok_or_else(|| cannot("an amount below its smallest unit"))?;
    if [&written.own, &written.original].iter().any(|name| name.contains(':')) {
        return Err(cannot("a transaction with a colon"));
    }
    let account = event.receivers.first().map(String::as_str);
    let account = account.or_else(|| settings.list("merchant_accounts").next()).unwrap_or("IpndSandboxECOM");
    let signed = [
        ("pspReference", Json::of_text(written.own.as_str())),
        ("originalReference", Json::of_text(written.original.as_str())),
        ("merchantAccountCode", Json::of_text(account)),
        ("merchantReference", Json::of_text(event.order_ref.as_deref().unwrap_or_default())),
        (
            "amount",
            Json::of_fields([
                ("currency", Json::of_text(money.currency().code())),
                ("value", Json::of_number(value)),
            ]),
        ),
        ("eventCode", Json::of_text(written.code)),
        ("success", Json::of_text(if written.has_succeeded { "true" } else { "false" })),
    ];
    let signed = Json::of_fields(signed.into_iter().filter(|(_, value)| *value != Json::of_text("")));
    let text = signed_text(&signed).map_err(|_| cannot("a reference with a colon"))?;
    let key = keys(settings).next().ok_or_else(|| cannot("an account without a key"))?;
    let signature = MAC.sign(&key, &[text.as_bytes()]);
    let item = unsigned_too(signed, event, signature, now);
    let body = Json::of_fields([
        ("live", Json::of_text(if event.environment == Environment::Live { "true" } else { "false" })),
        ("notificationItems", Json::List(vec![Json::of_fields([("NotificationRequestItem", item)])])),
    ]);
    let request = RawRequest::post("application/json; charset=utf-8", body.to_string())
        .with("user-agent", "Adyen HttpClient 1.0");
    Ok(match (settings.get("user"), settings.get("password")) {
        (None, None) => request,
        (user, password) => {
            let basic = token::basic(user.unwrap_or_default(), password.unwrap_or_default());
            request.with("authorization", basic)
        }
    })
}

/// The fields that are signed, and what stands beside them.
fn unsigned_too<'a>(signed: Json<'a>, event: &'a Event, signature: String, now: Timestamp) -> Json<'a> {
    let additional = [
        ("cardHolderName", event.customer.name.clone()),
        ("shopperEmail", event.customer.email.clone()),
        ("telephoneNumber", event.customer.phone.clone()),
        ("hmacSignature", Some(signature)),
    ];
    let additional = additional.into_iter().filter_map(|(name, text)| Some((name, Json::of_text(text?))));
    let at = event.occurred_at.unwrap_or(now).to_zoned(TimeZone::UTC);
    let unsigned = [
        ("additionalData".into(), Json::of_fields(additional)),
        ("eventDate".into(), Json::of_text(at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())),
        ("paymentMethod".into(), Json::of_text("visa")),
        ("reason".into(), Json::of_text(event.reason.as_deref().unwrap_or_default())),
    ];
    let Json::Object(signed) = signed else { return signed };
    Json::Object(signed.into_iter().chain(unsigned).collect())
}

/// The item that tells of an event.
struct Written {
    code: &'static str,
    has_succeeded: bool,
    own: String,
    original: String,
}

impl Written {
    /// `None` where Adyen has no message for it.
    fn of(event: &Event, is_automatic: bool) -> Option<Self> {
        use EventKind::*;
        let fresh = |code: &str| own_of(event, code).unwrap_or_else(|| reference_of(event));
        let own = || event.transaction.clone().unwrap_or_else(|| reference_of(event));
        let parent = || event.parent.clone().unwrap_or_default();
        let case = || event.case.clone().unwrap_or_else(own);
        let written = |code, own, original| Self { code, has_succeeded: true, own, original };
        Some(match event.kind {
            PaymentPending => written("PENDING", own(), String::new()),
            PaymentAuthorized if !is_automatic => written("AUTHORISATION", own(), String::new()),
            PaymentCompleted if is_automatic => written("AUTHORISATION", own(), String::new()),
            PaymentCompleted => {
                written("CAPTURE", own(), event.parent.clone().unwrap_or_else(|| reference_of(event)))
            }
            PaymentFailed => Self { has_succeeded: false, ..written("AUTHORISATION", own(), String::new()) },
            PaymentVoided => written("CANCELLATION", fresh("CANCELLATION"), own()),
            PaymentExpired => written("EXPIRE", fresh("EXPIRE"), own()),
            RefundPending => written("POSTPONED_REFUND", own(), parent()),
            RefundCompleted => written("REFUND", own(), parent()),
            RefundFailed => written("REFUND_FAILED", own(), parent()),
            ReversalMade => written("CHARGEBACK", case(), parent()),
            ReversalCancelled => written("CHARGEBACK_REVERSED", case(), parent()),
            DisputeOpened => written("NOTIFICATION_OF_CHARGEBACK", case(), parent()),
            DisputeUpdated => written("INFORMATION_SUPPLIED", case(), parent()),
            DisputeWon => written("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", case(), parent()),
            DisputeLost => written("SECOND_CHARGEBACK", case(), parent()),
            AgreementStarted => {
                let token = event.subscription.clone().unwrap_or_else(|| reference_of(event));
                written("RECURRING_CONTRACT", token, parent())
            }
            PayoutCompleted => written("PAYOUT_THIRDPARTY", own(), parent()),
            PayoutFailed => Self { has_succeeded: false, ..written("PAYOUT_THIRDPARTY", own(), parent()) },
            _ => return None,
        })
    }
}

/// What is told again keeps its own reference, which stands in its identity where it is not the transaction.
fn own_of(event: &Event, code: &str) -> Option<String> {
    let mut parts = event.identity.split('/');
    let (own, own_code) = (parts.nth(1)?, parts.next()?);
    (own_code == code && parts.count() == 3).then(|| own.to_owned())
}

/// A stable reference for what has none, as Adyen writes them: 16 letters and digits.
fn reference_of(event: &Event) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes()]);
    Encoding::HexUpper.encode(&digest[..8])
}
