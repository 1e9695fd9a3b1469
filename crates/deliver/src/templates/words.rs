//! What a template can speak of: a closed list, filled from the order.

use super::WORDS;
use ipnd_core::limits::ENDPOINT_FAILS_DAYS_MAX;
use ipnd_core::{Currency, Customer, Language, MailKind, Money, OrderState, Reason, Terms, explain, reason};
use ipnd_store::{DueMail, Order, Queue, Standstill};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

/// Longest subject, in characters; longer ones are cut.
pub(super) const SUBJECT_CHARS_MAX: usize = 200;

/// Longest name or other one-line value, in characters.
const LINE_CHARS_MAX: usize = 500;

/// When things happen in previews, in seconds since 1970.
const SAMPLE_TIME: i64 = 1_795_165_507;

/// Every variable of the template language with its meaning.
pub const VARIABLES: &[(&str, &str)] = &[
    ("shop.name", "the shop's name"),
    ("shop.email", "the owner's address"),
    ("reviews_url", "the owner's page of everything that waits for an answer; never for customers"),
    ("deliveries_url", "the owner's page of what was told to the shop; never for customers"),
    ("endpoint", "whether it is about an endpoint: {% if endpoint %} ... {% endif %}"),
    ("endpoint.name", "the endpoint that is told nothing any more"),
    ("endpoint.url", "its address, as text"),
    ("endpoint.reason", "why, in a sentence"),
    ("standstill", "whether it is about a queue that stands still: {% if standstill %} ... {% endif %}"),
    ("standstill.what", "what is not done, in a sentence without its full stop"),
    ("standstill.effect", "what that means, in a sentence"),
    ("standstill.since", "since when, in UTC"),
    ("standstill.until", "until when, in UTC; empty while it lasts"),
    ("standstill.page_url", "the owner's page of what waits; never for customers"),
    (
        "order",
        "whether there is an order; the mail about an open question may have none: {% if order %} ... {% endif %}",
    ),
    ("order.reference", "the order's number"),
    ("order.total", "what the order costs"),
    ("order.paid", "what has been paid"),
    ("order.refunded", "what has been given back"),
    ("order.status", "where the order stands, in one or two words"),
    ("order.sentence", "where the order stands, in a sentence for whoever reads the mail"),
    ("order.page_url", "the customer's page of the order"),
    ("order.owner_url", "the owner's page of the order; never for customers"),
    ("order.items", "the lines of the order; loop: {% for item in order.items %} ... {% endfor %}"),
    ("item.quantity", "inside that loop: how many"),
    ("item.name", "inside that loop: of what"),
    ("item.price", "inside that loop: the price of one"),
    ("item.total", "inside that loop: the price of all"),
    ("customer.name", "the customer's name; may be empty"),
    ("customer.email", "the customer's address; may be empty"),
    ("amount", "the amount this mail is about; else the order's total; empty without an order"),
    ("reason", "the payment service's word for why a payment waits or failed; may be empty"),
    ("message", "what the owner wrote, in the owner's message to the customer"),
    ("question", "what the owner is asked, in the mail about an open question"),
    ("access", "what the paid products give; loop: {% for entry in access %} ... {% endfor %}"),
    ("entry.name", "inside that loop: the product"),
    ("entry.text", "inside that loop: its access text"),
];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailWords {
    pub shop: ShopWords,
    pub reviews_url: String,
    pub deliveries_url: String,
    /// Only in the owner's mail about one that was paused.
    pub endpoint: Option<EndpointWords>,
    /// Only in the owner's mail about one.
    pub standstill: Option<StandstillWords>,
    /// `None` in the owner's mails about money that no order is known for, about endpoints and standstills.
    pub order: Option<OrderWords>,
    pub customer: CustomerWords,
    pub amount: String,
    pub reason: String,
    pub message: String,
    pub question: String,
    pub access: Vec<AccessWords>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ShopWords {
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndpointWords {
    pub name: String,
    pub url: String,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StandstillWords {
    pub what: String,
    pub effect: String,
    pub since: String,
    pub until: String,
    pub page_url: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderWords {
    pub reference: String,
    pub total: String,
    pub paid: String,
    pub refunded: String,
    pub status: String,
    pub sentence: String,
    pub page_url: String,
    pub owner_url: String,
    pub items: Vec<ItemWords>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemWords {
    pub quantity: u32,
    pub name: String,
    pub price: String,
    pub total: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CustomerWords {
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessWords {
    pub name: String,
    pub text: String,
}

/// The words for a mail that is due, in the reader's language.
pub(crate) fn words_of(due: &DueMail, language: Language, base_url: &Url) -> MailWords {
    let order = due.order.as_ref();
    let base = base_url.as_str().trim_end_matches('/');
    let amount = due.amount.or(order.map(|order| order.terms.total));
    let access = due.access.iter();
    MailWords {
        shop: ShopWords { name: due.shop.name.clone(), email: due.shop.owner_email.clone() },
        reviews_url: format!("{base}/owner/reviews"),
        deliveries_url: format!("{base}/owner/deliveries"),
        endpoint: due.endpoint.as_ref().map(|endpoint| EndpointWords {
            name: endpoint.name.clone(),
            url: endpoint.url.clone(),
            reason: endpoint.reason.as_ref().map(|reason| reason.sentence(language)).unwrap_or_default(),
        }),
        standstill: due.standstill.as_ref().map(|standstill| standstill_words(standstill, language, base)),
        order: order.map(|order| order_words(due, order, language, base)),
        customer: order.map(|order| customer_words(&order.customer)).unwrap_or_default(),
        amount: amount.map(|amount| language.money(amount)).unwrap_or_default(),
        reason: order.and_then(|order| reason_given(due, &order.state)).unwrap_or_default(),
        message: due.message.clone().unwrap_or_default(),
        question: due.question.as_ref().map(|question| explain::ask(question, language)).unwrap_or_default(),
        access: access.map(|(name, text)| AccessWords { name: name.clone(), text: text.clone() }).collect(),
    }
}

fn standstill_words(standstill: &Standstill, language: Language, base: &str) -> StandstillWords {
    let queue = standstill.queue;
    let say = |key: &str| reason::words().say(language, &format!("{key}.{}", queue.word()), &[]);
    StandstillWords {
        what: say("standstill"),
        effect: say("standstill_effect"),
        since: language.at(standstill.since),
        until: standstill.ended_at.map(|ended_at| language.at(ended_at)).unwrap_or_default(),
        page_url: match queue {
            Queue::Checks => format!("{base}/owner/notifications?state=waiting"),
            // An order's page has its mails.
            Queue::Mails => format!("{base}/owner/orders"),
            Queue::Deliveries => format!("{base}/owner/deliveries?state=waiting"),
        },
    }
}

fn order_words(due: &DueMail, order: &Order, language: Language, base: &str) -> OrderWords {
    let state = &order.state;
    OrderWords {
        reference: order.reference.clone(),
        total: language.money(order.terms.total),
        paid: paid(state, &order.terms, language),
        refunded: language.money(state.refunded),
        status: reason::words().say(language, &format!("status.{}", state.status.word()), &[]),
        // The owner hears everything; the customer what concerns them.
        sentence: if due.kind.is_for_customer() {
            explain::for_customer(state, &order.terms, language)
        } else {
            explain::explain(state, &order.terms, language)
        },
        page_url: format!("{base}/shop/{}/order/{}", due.shop.slug, order.token),
        owner_url: format!("{base}/owner/orders/{}", order.id),
        items: items(&order.terms, language),
    }
}

/// What has been paid. Money that counts because the owner accepted it may be in another currency, or have no amount
/// at all; then the sum in the order's currency is nothing, and nobody is to be thanked for nothing.
pub(super) fn paid(state: &OrderState, terms: &Terms, language: Language) -> String {
    let paid = state.paid;
    let foreign = state
        .payments
        .iter()
        .filter(|payment| payment.counts)
        .filter_map(|payment| payment.amount)
        .filter(|amount| amount.currency() != paid.currency());
    let own = Some(paid).filter(|paid| paid.is_positive());
    let sums: Vec<String> = own.into_iter().chain(foreign).map(|sum| language.money(sum)).collect();
    if !sums.is_empty() {
        return sums.join(" + ");
    }
    language.money(if state.is_settled() { terms.total } else { paid })
}

fn customer_words(customer: &Customer) -> CustomerWords {
    CustomerWords {
        name: customer.name.clone().unwrap_or_default(),
        email: customer.email.clone().unwrap_or_default(),
    }
}

/// The payment service's own word for what this mail is about.
fn reason_given(due: &DueMail, state: &OrderState) -> Option<String> {
    match due.kind {
        MailKind::OwnerDisputed => {
            state.disputes.iter().find(|dispute| dispute.case == due.subject)?.reason.clone()
        }
        MailKind::CustomerPending
        | MailKind::OwnerPending
        | MailKind::CustomerFailed
        | MailKind::OwnerFailed => state.payments.last()?.reason.clone(),
        _ => None,
    }
}

fn items(terms: &Terms, language: Language) -> Vec<ItemWords> {
    let line = |item: &ipnd_core::Item| ItemWords {
        quantity: item.quantity,
        name: item.name.clone(),
        price: language.money(item.unit_price),
        // Terms whose sums do not fit are refused when the order is registered.
        total: item.total().map(|total| language.money(total)).unwrap_or_default(),
    };
    terms.items.iter().map(line).collect()
}

impl MailWords {
    /// The same words without anything that could bend a line or the reading direction of what surrounds it.
    pub(super) fn cleaned(&self) -> Self {
        let line = |text: &String| one_line(text, LINE_CHARS_MAX);
        let item = |item: &ItemWords| ItemWords {
            quantity: item.quantity,
            name: line(&item.name),
            price: line(&item.price),
            total: line(&item.total),
        };
        let order = |order: &OrderWords| OrderWords {
            reference: line(&order.reference),
            total: line(&order.total),
            paid: line(&order.paid),
            refunded: line(&order.refunded),
            status: line(&order.status),
            sentence: one_line(&order.sentence, 4 * LINE_CHARS_MAX),
            page_url: order.page_url.clone(),
            owner_url: order.owner_url.clone(),
            items: order.items.iter().map(item).collect(),
        };
        Self {
            shop: ShopWords { name: line(&self.shop.name), email: line(&self.shop.email) },
            reviews_url: self.reviews_url.clone(),
            deliveries_url: self.deliveries_url.clone(),
            endpoint: self.endpoint.as_ref().map(|endpoint| EndpointWords {
                name: line(&endpoint.name),
                url: line(&endpoint.url),
                reason: line(&endpoint.reason),
            }),
            standstill: self.standstill.as_ref().map(|standstill| StandstillWords {
                what: line(&standstill.what),
                effect: line(&standstill.effect),
                since: line(&standstill.since),
                until: line(&standstill.until),
                page_url: standstill.page_url.clone(),
            }),
            order: self.order.as_ref().map(order),
            customer: CustomerWords { name: line(&self.customer.name), email: line(&self.customer.email) },
            amount: line(&self.amount),
            reason: line(&self.reason),
            message: lines(&self.message),
            question: one_line(&self.question, 4 * LINE_CHARS_MAX),
            access: self
                .access
                .iter()
                .map(|entry| AccessWords { name: line(&entry.name), text: lines(&entry.text) })
                .collect(),
        }
    }
}

/// Characters that change how others around them are shown: controls, and switches of the writing direction.
fn is_disturbing(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// White space collapsed, nothing disturbing, at most `chars_max` characters.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let plain: String = text.chars().map(|c| if is_disturbing(c) { ' ' } else { c }).collect();
    // Not `split_whitespace`: the non-breaking spaces inside amounts are meant.
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(chars_max).collect()
}

/// Lines kept, ended the same way; nothing disturbing within them.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_disturbing(*c)).collect()
}

/// Words for previews, in the form that mails of this kind have.
#[must_use]
pub fn sample(kind: MailKind, language: Language) -> MailWords {
    let say = |key: &str| WORDS.say(language, key, &[]);
    let euro =
        |minor| language.money(Money::from_minor(minor, Currency::from_code("EUR").expect("EUR is known")));
    let item = |quantity: u32, name: &str, price: i128| ItemWords {
        quantity,
        name: say(name),
        price: euro(price),
        total: euro(price * i128::from(quantity)),
    };
    let words = MailWords {
        shop: ShopWords { name: say("sample.shop"), email: "owner@example.com".into() },
        reviews_url: "https://shop.example.com/owner/reviews".into(),
        deliveries_url: "https://shop.example.com/owner/deliveries".into(),
        endpoint: (kind == MailKind::OwnerEndpoint).then(|| EndpointWords {
            name: say("sample.endpoint"),
            url: "https://shop.example.com/ipn".into(),
            reason: Reason::new("endpoint_failing", ENDPOINT_FAILS_DAYS_MAX.to_string()).sentence(language),
        }),
        standstill: (kind == MailKind::OwnerStandstill).then(|| {
            let since = Timestamp::from_second(SAMPLE_TIME).expect("a time of our days");
            let standstill = Standstill { id: 1, queue: Queue::Checks, since, ended_at: None };
            standstill_words(&standstill, language, "https://shop.example.com")
        }),
        order: Some(OrderWords {
            reference: "1042".into(),
            total: euro(1_995),
            paid: euro(1_995),
            refunded: euro(if matches!(kind, MailKind::CustomerRefunded | MailKind::OwnerRefunded) {
                450
            } else {
                0
            }),
            status: reason::words().say(language, &format!("status.{}", sample_status(kind)), &[]),
            sentence: say(&format!("sample.{}", sample_status(kind))),
            page_url: "https://shop.example.com/shop/sample/order/k3v5example".into(),
            owner_url: "https://shop.example.com/owner/orders/ord_42".into(),
            items: vec![item(1, "sample.item_one", 1_095), item(2, "sample.item_two", 450)],
        }),
        customer: CustomerWords { name: "Alex Example".into(), email: "alex@example.com".into() },
        amount: euro(if kind.word().ends_with("refunded") { 450 } else { 1_995 }),
        reason: if kind.word().ends_with("pending") { "echeck".into() } else { String::new() },
        message: if kind == MailKind::CustomerMessage { say("sample.message") } else { String::new() },
        question: if kind == MailKind::OwnerReview { say("sample.question") } else { String::new() },
        access: vec![AccessWords {
            name: say("sample.access_name"),
            text: "https://shop.example.com/downloads/brewing-guide.pdf".into(),
        }],
    };
    if has_order(kind) { words } else { without_order(words) }
}

/// Whether a mail of this kind may be about an order.
fn has_order(kind: MailKind) -> bool {
    !matches!(kind, MailKind::OwnerEndpoint | MailKind::OwnerStandstill)
}

fn without_order(words: MailWords) -> MailWords {
    MailWords {
        order: None,
        customer: CustomerWords::default(),
        amount: String::new(),
        access: Vec::new(),
        ..words
    }
}

/// Words as they are when money came that no order is known for.
pub(super) fn sample_without_order(language: Language) -> MailWords {
    MailWords {
        question: WORDS.say(language, "sample.question_without_order", &[]),
        ..without_order(sample(MailKind::OwnerReview, language))
    }
}

/// A status that an order has when it calls for a mail of this kind.
fn sample_status(kind: MailKind) -> &'static str {
    match kind {
        MailKind::CustomerPaid
        | MailKind::OwnerPaid
        | MailKind::CustomerMessage
        | MailKind::OwnerDisputed => "paid",
        MailKind::CustomerPending | MailKind::OwnerPending => "pending",
        MailKind::CustomerFailed | MailKind::OwnerFailed => "failed",
        MailKind::CustomerRefunded | MailKind::OwnerRefunded => "partly_refunded",
        MailKind::OwnerReversed => "reversed",
        MailKind::OwnerReview => "in_review",
        // It has none.
        MailKind::OwnerEndpoint | MailKind::OwnerStandstill => "paid",
    }
}

/// Words that are harmless as text and show themselves where a link is made of them.
pub(super) fn probe() -> MailWords {
    let bad = || super::markup::PROBE.to_owned();
    MailWords {
        shop: ShopWords { name: bad(), email: bad() },
        reviews_url: "https://shop.example.com/owner/reviews".into(),
        deliveries_url: "https://shop.example.com/owner/deliveries".into(),
        endpoint: Some(EndpointWords { name: bad(), url: bad(), reason: bad() }),
        standstill: Some(StandstillWords {
            what: bad(),
            effect: bad(),
            since: bad(),
            until: bad(),
            page_url: "https://shop.example.com/owner/notifications".into(),
        }),
        order: Some(OrderWords {
            reference: bad(),
            total: bad(),
            paid: bad(),
            refunded: bad(),
            status: bad(),
            sentence: bad(),
            page_url: "https://shop.example.com/order".into(),
            owner_url: "https://shop.example.com/owner".into(),
            items: vec![ItemWords { quantity: 1, name: bad(), price: bad(), total: bad() }],
        }),
        customer: CustomerWords { name: bad(), email: bad() },
        amount: bad(),
        reason: bad(),
        message: bad(),
        question: bad(),
        access: vec![AccessWords { name: bad(), text: bad() }],
    }
}
