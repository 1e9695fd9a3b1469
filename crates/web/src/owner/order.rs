//! `/owner/orders/{id}`: one order, what is true of it, what happened, and what the owner can do.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::question::{self, Asked};
use super::timeline::{self, Point};
use super::visit::{Visit, done};
use super::words::Words;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::limits::{MESSAGE_CHARS_MAX, PAGE_ROWS_MAX};
use ipnd_core::{Item, Money, PaymentStatus, explain::explain};
use ipnd_store::{DeliveryFilter, Order, OrderId};

#[derive(Template)]
#[template(path = "owner/order.html")]
struct OrderPage {
    page: Frame,
    id: OrderId,
    reference: String,
    status: &'static str,
    status_name: String,
    sentence: String,
    created: String,
    questions: Vec<Asked>,
    items: Vec<ItemRow>,
    sums: Vec<Sum>,
    payments: Vec<PaymentRow>,
    refunds: Vec<RefundRow>,
    disputes: Vec<DisputeRow>,
    customer: CustomerCard,
    source: String,
    customer_page: String,
    can_cancel: bool,
    message_chars_max: usize,
    timeline: Vec<Point>,
}

struct ItemRow {
    name: String,
    sku: String,
    quantity: u32,
    unit_price: String,
    total: String,
}

struct Sum {
    name: String,
    amount: String,
    is_total: bool,
}

struct PaymentRow {
    transaction: String,
    status: &'static str,
    status_name: String,
    amount: String,
    fee: String,
    at: String,
    reason: Option<String>,
    /// Only money that has arrived can count or not.
    counts: Option<bool>,
}

struct RefundRow {
    transaction: String,
    parent: Option<String>,
    amount: String,
    at: String,
}

struct DisputeRow {
    case: String,
    reason: String,
    at: String,
    state: String,
    tone: &'static str,
}

struct CustomerCard {
    name: String,
    email: String,
    phone: String,
    address: Vec<String>,
    is_known: bool,
}

pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let store = &visit.app.store;
    let reviews = store.reviews_of(visit.shop_id(), order.id).await?;
    let happenings = store.happenings(visit.shop_id(), order.id).await?;
    let about = DeliveryFilter { order: Some(order.id), limit: PAGE_ROWS_MAX, ..DeliveryFilter::default() };
    let told = store.deliveries(visit.shop_id(), about).await?;
    let line = timeline::points(happenings, told, visit.words);
    let page = visit.frame(Section::Orders).await?;
    let shown = order_page(&visit, page, order, question::open(reviews, visit.words), line);
    Ok(page::html(StatusCode::OK, &shown))
}

async fn find(visit: &Visit, id: &str) -> Result<Order, Failure> {
    let id: OrderId = id.parse().map_err(|_| Failure::NotFound)?;
    visit.app.store.order(visit.shop_id(), id).await?.ok_or(Failure::NotFound)
}

fn order_page(
    visit: &Visit,
    page: Frame,
    order: Order,
    questions: Vec<Asked>,
    timeline: Vec<Point>,
) -> OrderPage {
    let words = visit.words;
    let status = order.state.status;
    OrderPage {
        page,
        id: order.id,
        status: status.word(),
        status_name: words.status(status),
        sentence: explain(&order.state, &order.terms, words.0),
        created: words.at(order.created_at),
        questions,
        items: order.terms.items.iter().map(|item| item_row(item, words)).collect(),
        sums: sums(&order, words),
        payments: payments(&order, words),
        refunds: refunds(&order, words),
        disputes: disputes(&order, words),
        customer: customer(&order),
        source: words.t(&format!("order.source.{}", timeline::source_word(order.source))),
        customer_page: visit.app.url(&format!("/shop/{}/order/{}", visit.shop.slug, order.token)),
        can_cancel: can_cancel(&order),
        message_chars_max: MESSAGE_CHARS_MAX,
        timeline,
        reference: order.reference,
    }
}

/// While no money counts towards it; what is paid is refunded.
fn can_cancel(order: &Order) -> bool {
    order.cancelled_at.is_none() && order.state.may_be_cancelled()
}

fn item_row(item: &Item, words: Words) -> ItemRow {
    ItemRow {
        name: item.name.clone(),
        sku: item.sku.clone(),
        quantity: item.quantity,
        unit_price: words.money(item.unit_price),
        total: item.total().map_or_else(|_| "–".to_owned(), |total| words.money(total)),
    }
}

/// What is to be paid, then only those sums that say something.
fn sums(order: &Order, words: Words) -> Vec<Sum> {
    let state = &order.state;
    let sum = |key: &str, amount: Money, is_total| Sum {
        name: words.t(&format!("order.{key}")),
        amount: words.money(amount),
        is_total,
    };
    let mut sums = vec![sum("total", order.terms.total, true)];
    if state.paid.is_positive() {
        sums.push(sum("paid", state.paid, false));
    }
    if state.refunded.is_positive() {
        sums.push(sum("refunded", state.refunded.negated(), false));
    }
    if state.reversed.is_positive() {
        sums.push(sum("reversed", state.reversed.negated(), false));
    }
    if sums.len() > 2 {
        sums.push(sum("kept", state.kept(), true));
    }
    sums
}

fn payments(order: &Order, words: Words) -> Vec<PaymentRow> {
    let row = |payment: &ipnd_core::Payment| PaymentRow {
        transaction: payment.transaction.clone(),
        status: payment.status.word(),
        status_name: words.payment_status(payment.status),
        amount: payment.amount.map_or_else(String::new, |amount| words.money(amount)),
        fee: payment.fee.map_or_else(String::new, |fee| words.money(fee)),
        at: payment.at.map_or_else(String::new, |at| words.at(at)),
        reason: payment.reason.clone(),
        counts: (payment.status == PaymentStatus::Completed).then_some(payment.counts),
    };
    order.state.payments.iter().map(row).collect()
}

fn refunds(order: &Order, words: Words) -> Vec<RefundRow> {
    let row = |refund: &ipnd_core::fold::Refund| RefundRow {
        transaction: refund.transaction.clone(),
        parent: refund.parent.clone(),
        amount: words.money(refund.amount),
        at: refund.at.map_or_else(String::new, |at| words.at(at)),
    };
    order.state.refunds.iter().map(row).collect()
}

fn disputes(order: &Order, words: Words) -> Vec<DisputeRow> {
    let row = |dispute: &ipnd_core::fold::Dispute| {
        let (key, tone) = match dispute.won {
            None => ("order.dispute_open", "ask"),
            Some(true) => ("order.dispute_won", "good"),
            Some(false) => ("order.dispute_lost", "bad"),
        };
        DisputeRow {
            case: dispute.case.clone(),
            reason: dispute.reason.clone().unwrap_or_default(),
            at: dispute.opened_at.map_or_else(String::new, |at| words.at(at)),
            state: words.t(key),
            tone,
        }
    };
    order.state.disputes.iter().map(row).collect()
}

fn customer(order: &Order) -> CustomerCard {
    let customer = order.customer.clone();
    let mut address = customer.address;
    address.extend(customer.country);
    let card = CustomerCard {
        name: customer.name.unwrap_or_default(),
        email: customer.email.unwrap_or_default(),
        phone: customer.phone.unwrap_or_default(),
        address,
        is_known: false,
    };
    let is_known =
        !(card.name.is_empty() && card.email.is_empty() && card.phone.is_empty() && card.address.is_empty());
    CustomerCard { is_known, ..card }
}

/// `POST /owner/orders/{id}/message`
pub(super) async fn message(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let path = format!("/owner/orders/{}", order.id);
    let text = fields.text("text");
    let text = text.trim();
    if text.is_empty() {
        return Ok(done(&path, "message_empty"));
    }
    if text.chars().count() > MESSAGE_CHARS_MAX {
        return Ok(done(&path, "message_long"));
    }
    let mail = visit.app.store.write_message(visit.shop_id(), order.id, text, visit.now()).await?;
    Ok(done(&path, if mail.is_some() { "message" } else { "no_address" }))
}

/// `POST /owner/orders/{id}/cancel`
pub(super) async fn cancel(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let is_cancelled =
        can_cancel(&order) && visit.app.store.cancel_order(visit.shop_id(), order.id, visit.now()).await?;
    let word = if is_cancelled { "cancelled" } else { "not_cancelled" };
    Ok(done(&format!("/owner/orders/{}", order.id), word))
}
