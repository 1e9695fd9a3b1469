//! What an order page says: the same for the whole page and for the fragment that replaces it live.
//!
//! No personal data (T-F12): what was bought, what was paid, and what the customer may now use.

use super::pay::may_be_paid;
use super::visit::Visit;
use crate::errors::Failure;
use crate::page::Page;
use ipnd_core::{Money, OrderStatus, explain};
use ipnd_store::{Order, token};

/// An order's state, ready to be shown.
pub(super) struct StatusView {
    pub(super) order_href: String,
    pub(super) reference: String,
    /// The stable word of the status.
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) sentence: String,
    /// What happens next; empty when nothing does.
    pub(super) next: String,
    pub(super) items: Vec<ItemView>,
    pub(super) total: String,
    /// Name and amount of each further sum.
    pub(super) sums: Vec<(String, String)>,
    pub(super) access: Vec<AccessView>,
    pub(super) can_pay: bool,
    /// Only in the demo: where any other gateway can be had to say that this order is paid.
    pub(super) sandbox_href: Option<String>,
    /// The gateway sent the customer back and its word is not here yet: paying again is not suggested.
    pub(super) is_confirming: bool,
    /// Something may still happen, so a page without scripts reloads itself.
    pub(super) is_waiting: bool,
    /// Changes whenever the page would.
    pub(super) version: String,
}

pub(super) struct ItemView {
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) total: String,
}

/// What a paid product gives: lines of text, with web addresses in them as links.
pub(super) struct AccessView {
    pub(super) name: String,
    pub(super) lines: Vec<Vec<AccessWord>>,
}

pub(super) struct AccessWord {
    pub(super) text: String,
    pub(super) is_link: bool,
}

impl StatusView {
    pub(super) async fn of(
        visit: &Visit,
        page: &Page,
        order: Order,
        has_returned: bool,
    ) -> Result<Self, Failure> {
        let access = visit.app.store.access_of(visit.shop.id, order.id).await?;
        let sandbox_href = visit.app.demo.as_ref().map(|demo| sandbox_href(&demo.sandbox_url, &order));
        let order_href = visit.path(&format!("/order/{}", order.token));
        Ok(Self { sandbox_href, ..Self::new(page, &order, access, order_href, has_returned) })
    }

    fn new(
        page: &Page,
        order: &Order,
        access: Vec<(String, String)>,
        order_href: String,
        has_returned: bool,
    ) -> Self {
        let status = order.state.status;
        let is_confirming = has_returned && status == OrderStatus::Open;
        let (tone, icon) = if is_confirming { ("tone-wait", "clock") } else { look(status) };
        let word = status.word();
        let (title, sentence, next) = if is_confirming {
            let say = |part| page.say(&format!("shop.returned.{part}"));
            (say("title"), say("sentence"), say("next"))
        } else {
            let sentence = explain::for_customer(&order.state, &order.terms, page.language);
            (page.say(&format!("shop.status.{word}")), sentence, next(page, status, !access.is_empty()))
        };
        let shown = format!("{:?}{:?}{:?}{is_confirming}", order.state, order.cancelled_at, access);
        Self {
            version: token::fingerprint(&shown)[..16].to_owned(),
            order_href,
            reference: order.reference.clone(),
            word,
            tone,
            icon,
            title,
            sentence,
            next,
            items: order.terms.items.iter().map(|item| ItemView::of(page, item)).collect(),
            total: page.language.money(order.terms.total),
            sums: sums(page, order),
            access: access.into_iter().map(AccessView::of).collect(),
            can_pay: may_be_paid(order),
            sandbox_href: None,
            is_confirming,
            is_waiting: matches!(
                status,
                OrderStatus::Open | OrderStatus::Pending | OrderStatus::Authorized | OrderStatus::InReview
            ),
        }
    }
}

/// The sandbox's page with this order filled in.
fn sandbox_href(sandbox_url: &str, order: &Order) -> String {
    let total = order.terms.total;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("order", &order.reference)
        .append_pair("amount", &total.decimal())
        .append_pair("currency", total.currency().code())
        .finish();
    format!("{sandbox_url}?{query}")
}

/// Tone and icon of a status.
fn look(status: OrderStatus) -> (&'static str, &'static str) {
    match status {
        OrderStatus::Open => ("tone-info", "card"),
        OrderStatus::Pending | OrderStatus::PartlyPaid => ("tone-wait", "clock"),
        OrderStatus::Authorized => ("tone-wait", "lock"),
        OrderStatus::InReview => ("tone-ask", "search"),
        OrderStatus::Paid => ("tone-good", "check"),
        OrderStatus::PartlyRefunded | OrderStatus::Refunded => ("tone-info", "return"),
        OrderStatus::Reversed => ("tone-bad", "return"),
        OrderStatus::Failed => ("tone-bad", "cross"),
        OrderStatus::Expired => ("tone-calm", "clock"),
        OrderStatus::Voided | OrderStatus::Cancelled => ("tone-calm", "ban"),
    }
}

/// What happens next, where something does.
fn next(page: &Page, status: OrderStatus, has_access: bool) -> String {
    let key = match status {
        OrderStatus::Open => "open",
        OrderStatus::Pending | OrderStatus::Authorized | OrderStatus::InReview => "wait",
        OrderStatus::Paid if has_access => "paid_access",
        OrderStatus::Paid => "paid",
        OrderStatus::PartlyRefunded | OrderStatus::Refunded => "refunded",
        _ => return String::new(),
    };
    page.say(&format!("shop.next.{key}"))
}

/// Sums that say more than the total does: what was paid, given back, taken back.
fn sums(page: &Page, order: &Order) -> Vec<(String, String)> {
    let state = &order.state;
    let sum = |key: &str, amount: Money| {
        amount.is_positive().then(|| (page.say(&format!("shop.sum.{key}")), page.language.money(amount)))
    };
    [sum("paid", state.paid), sum("refunded", state.refunded), sum("reversed", state.reversed)]
        .into_iter()
        .flatten()
        .collect()
}

impl ItemView {
    fn of(page: &Page, item: &ipnd_core::Item) -> Self {
        let total = item.total().map(|total| page.language.money(total)).unwrap_or_default();
        Self { name: item.name.clone(), quantity: item.quantity, total }
    }
}

impl AccessView {
    fn of((name, text): (String, String)) -> Self {
        let lines = text.lines().map(|line| line.split_whitespace().map(AccessWord::of).collect::<Vec<_>>());
        Self { name, lines: lines.filter(|line| !line.is_empty()).collect() }
    }
}

impl AccessWord {
    /// Only whole words that are web addresses become links; `javascript:` and the like stay text (T-F07).
    fn of(word: &str) -> Self {
        let is_link = url::Url::parse(word).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        Self { text: word.to_owned(), is_link }
    }
}
