//! The page that hands a customer over to the gateway: the gateway's own form, posted by the customer's browser.

use super::visit::{Frame, Visit};
use crate::errors::Failure;
use crate::page::{self, Page};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use ipnd_core::{Customer, OrderStatus};
use ipnd_gateways::{Checkout, CheckoutForm, Gateway, Settings};
use ipnd_store::{Account, Order};
use url::{Host, Url};

#[derive(Template)]
#[template(path = "storefront/pay.html")]
struct PayPage {
    page: Page,
    frame: Frame,
    /// Where the money goes, as the shop calls it.
    account: String,
    total: String,
    reference: String,
    order_href: String,
    form: CheckoutForm,
    /// Other accounts to pay with: address and name.
    others: Vec<(String, String)>,
}

/// Whether a payment may be asked for. Everything else is paid, on its way, or over.
pub(super) fn may_be_paid(order: &Order) -> bool {
    use OrderStatus::{Expired, Failed, Open, Voided};
    order.cancelled_at.is_none() && matches!(order.state.status, Open | Failed | Expired | Voided)
}

/// `GET /shop/{slug}/order/{token}/pay?account=acc_1`
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let order = visit.order().await?;
    let order_path = visit.path(&format!("/order/{}", order.token));
    let mut accounts = visit.checkout_accounts().await?;
    if !may_be_paid(&order) || accounts.is_empty() {
        return Ok(Redirect::to(&order_path).into_response());
    }
    let chosen = chosen_account(&visit.uri).unwrap_or_default();
    let index = accounts.iter().position(|(account, _)| account.id.to_string() == chosen).unwrap_or(0);
    let (account, gateway) = accounts.remove(index);
    let form = gateway_form(&visit, &order, &account, gateway)?;
    let others = accounts
        .into_iter()
        .map(|(other, _)| (format!("{order_path}/pay?account={}", other.id), other.name))
        .collect();
    let page = visit.page(visit.choice.for_person(order.language, visit.shop.language));
    let sources = sources(&form.action).ok_or(Failure::Broken)?;
    let shown = PayPage {
        total: page.language.money(order.terms.total),
        frame: visit.frame(),
        account: account.name,
        reference: order.reference,
        order_href: order_path,
        page,
        form,
        others,
    };
    Ok(page::html_with_form_to(&sources, &shown))
}

fn chosen_account(uri: &http::Uri) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(name, _)| name == "account").map(|(_, value)| value.into_owned())
}

fn gateway_form(
    visit: &Visit,
    order: &Order,
    account: &Account,
    gateway: &Gateway,
) -> Result<CheckoutForm, Failure> {
    let checkout = gateway.checkout.ok_or(Failure::Broken)?;
    let settings = Settings::check(gateway.settings, account.environment, account.settings.clone());
    let settings = settings.map_err(|problems| {
        tracing::error!(account = %account.id, ?problems, "an account's settings do not fit its gateway");
        Failure::Broken
    })?;
    let order_url = visit.app.url(&visit.path(&format!("/order/{}", order.token)));
    let checkout_order = Checkout {
        reference: order.reference.clone(),
        items: order.terms.items.clone(),
        total: order.terms.total,
        // Anybody who has this page's address can read its form, so it names nobody (T-F12). The gateway asks
        // its own customer.
        customer: Customer::default(),
        language: visit.choice.for_person(order.language, visit.shop.language),
        custom: order.id.to_string(),
        notify_url: visit.app.intake_url(account),
        // Only changes the words of the page (“thank you” instead of “please pay”); nothing is believed.
        return_url: format!("{order_url}?returned"),
        cancel_url: format!("{order_url}/cancelled"),
    };
    Ok(checkout(&checkout_order, &settings))
}

/// Where the form may go, as sources of a Content-Security-Policy: its own origin, and over https the sibling
/// hosts, because browsers apply the rule to redirects too and gateways pass customers on between their hosts.
fn sources(action: &str) -> Option<String> {
    let url = Url::parse(action).ok()?;
    let origin = url.origin().ascii_serialization();
    match (url.scheme(), url.host()?) {
        ("https", Host::Domain(name)) => match name.split_once('.') {
            Some((_, parent)) if parent.contains('.') => Some(format!("{origin} https://*.{parent}")),
            _ => Some(origin),
        },
        ("http" | "https", _) => Some(origin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_may_go_to_the_gateway_and_nowhere_else() {
        let table = [
            ("https://www.pay.example/cgi-bin/x", Some("https://www.pay.example https://*.pay.example")),
            ("https://pay.example/x", Some("https://pay.example")),
            ("http://127.0.0.1:8787/sandbox", Some("http://127.0.0.1:8787")),
            ("javascript:alert(1)", None),
            ("/relative", None),
        ];
        for (action, expected) in table {
            assert_eq!(sources(action).as_deref(), expected, "{action}");
        }
    }
}
