//! What PayPal's event types are about.
//!
//! The table is closed. A type that is not in it is kept and shown to the owner, and has no effect (T-B05).

use crate::kit::fetch::is_plain_name;
use crate::kit::json::Json;
use ipnd_core::EventKind;
use ipnd_core::event::EventKind::*;

/// What an event type is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A capture (v2) or a sale (v1): money that came, or should have.
    Capture(EventKind),
    Authorization(EventKind),
    /// An order of the Checkout or the older Payments API, before any capture.
    Order(EventKind),
    /// Money that went back, by the shop's will or without it. The resource's status says how far it is.
    Refund(EventKind),
    /// What it is called; `None` when it was resolved, and the resource says how.
    Dispute(Option<EventKind>),
    Subscription(EventKind),
    /// One line of a payout. Its status says how far it is.
    Payout,
    /// Genuine, understood, and without any effect here.
    Nothing,
    Unknown,
}

/// Areas of which nothing follows here: plans and catalogues, the shop's own set-up, stored cards, and invoices, whose
/// payments are told as captures or sales.
const NOTHING: [&str; 14] = [
    "BILLING.PLAN.",
    "CATALOG.",
    "CHECKOUT.CHECKOUT.",
    "CUSTOMER.ACCOUNT-",
    "CUSTOMER.MANAGED-ACCOUNT.",
    "CUSTOMER.MERCHANT-",
    "IDENTITY.",
    "INVOICING.",
    "MERCHANT.",
    "PAYMENT-NETWORKS.",
    "PAYMENTS.PAYMENT.",
    "PAYMENT.PAYOUTSBATCH.",
    "PAYMENT.REFERENCED-PAYOUT-ITEM.",
    "VAULT.",
];

pub(super) fn topic(event_type: &str) -> Topic {
    use Topic::{Authorization, Capture, Dispute, Nothing, Order, Payout, Refund, Subscription, Unknown};
    match event_type {
        "PAYMENT.CAPTURE.COMPLETED" | "PAYMENT.SALE.COMPLETED" => Capture(PaymentCompleted),
        "PAYMENT.CAPTURE.PENDING" | "PAYMENT.SALE.PENDING" => Capture(PaymentPending),
        "PAYMENT.CAPTURE.DENIED" | "PAYMENT.CAPTURE.DECLINED" | "PAYMENT.SALE.DENIED" => {
            Capture(PaymentDenied)
        }
        "PAYMENT.CAPTURE.REFUNDED"
        | "PAYMENT.SALE.REFUNDED"
        | "PAYMENT.REFUND.PENDING"
        | "PAYMENT.REFUND.FAILED" => Refund(RefundCompleted),
        "PAYMENT.CAPTURE.REVERSED" | "PAYMENT.SALE.REVERSED" => Refund(ReversalMade),
        "PAYMENT.AUTHORIZATION.CREATED" => Authorization(PaymentAuthorized),
        "PAYMENT.AUTHORIZATION.VOIDED" => Authorization(PaymentVoided),
        "CHECKOUT.ORDER.APPROVED" | "PAYMENT.ORDER.CREATED" => Order(PaymentOrdered),
        "CHECKOUT.ORDER.VOIDED" | "PAYMENT.ORDER.CANCELLED" => Order(PaymentVoided),
        // Told again by its captures and authorisations, with the ids that count.
        "CHECKOUT.ORDER.COMPLETED" | "CHECKOUT.ORDER.PROCESSED" | "CHECKOUT.ORDER.SAVED" => Nothing,
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED" => Nothing,
        "CUSTOMER.DISPUTE.CREATED" => Dispute(Some(DisputeOpened)),
        "CUSTOMER.DISPUTE.UPDATED" => Dispute(Some(DisputeUpdated)),
        "CUSTOMER.DISPUTE.RESOLVED" => Dispute(None),
        // The older name of the same news.
        "RISK.DISPUTE.CREATED" => Nothing,
        // Not yet approved by the customer.
        "BILLING.SUBSCRIPTION.CREATED" => Nothing,
        "BILLING.SUBSCRIPTION.ACTIVATED" => Subscription(SubscriptionStarted),
        "BILLING.SUBSCRIPTION.UPDATED" | "BILLING.SUBSCRIPTION.RE-ACTIVATED" => {
            Subscription(SubscriptionModified)
        }
        "BILLING.SUBSCRIPTION.SUSPENDED" => Subscription(SubscriptionSuspended),
        "BILLING.SUBSCRIPTION.CANCELLED" => Subscription(SubscriptionCancelled),
        "BILLING.SUBSCRIPTION.EXPIRED" => Subscription(SubscriptionEnded),
        "BILLING.SUBSCRIPTION.PAYMENT.FAILED" => Subscription(SubscriptionPaymentFailed),
        _ if event_type.starts_with("PAYMENT.PAYOUTS-ITEM.") => Payout,
        _ if NOTHING.iter().any(|area| event_type.starts_with(area)) => Nothing,
        _ => Unknown,
    }
}

impl Topic {
    /// The id of the resource, under the name it has there.
    pub(super) fn id<'r>(self, resource: &'r Json<'_>) -> Option<&'r str> {
        resource.text(match self {
            Self::Dispute(_) => "dispute_id",
            Self::Payout => "payout_item_id",
            _ => "id",
        })
    }

    /// Where PayPal's API keeps the resource. `None` for an id that cannot become part of an address (T-A12).
    ///
    /// The two generations of the API are told apart by how they write an amount.
    pub(super) fn path(self, resource: &Json<'_>) -> Option<String> {
        let id = self.id(resource).filter(|id| is_plain_name(id))?;
        let is_first = resource.scalar("amount.total").is_some();
        let collection = match self {
            Self::Capture(_) if is_first => "/v1/payments/sale",
            Self::Capture(_) => "/v2/payments/captures",
            Self::Authorization(_) if is_first => "/v1/payments/authorization",
            Self::Authorization(_) => "/v2/payments/authorizations",
            Self::Refund(_) if is_first => "/v1/payments/refund",
            Self::Refund(_) => "/v2/payments/refunds",
            Self::Order(_) if is_first => "/v1/payments/orders",
            Self::Order(_) => "/v2/checkout/orders",
            Self::Dispute(_) => "/v1/customer/disputes",
            Self::Subscription(_) => "/v1/billing/subscriptions",
            Self::Payout => "/v1/payments/payouts-item",
            Self::Nothing | Self::Unknown => return None,
        };
        Some(format!("{collection}/{id}"))
    }
}
