//! Checkout: who the customer is, and the order itself.

use super::cart::{Cart, Priced};
use super::cart_page::{Summary, priced};
use super::checkout_form::{CheckoutForm, Problems};
use super::countries;
use super::latest;
use super::visit::{Fields, Frame, Visit};
use crate::errors::Failure;
use crate::page::{self, Page};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use ipnd_core::{Language, Terms};
use ipnd_store::{NewOrder, Order, OrderSource};

#[derive(Template)]
#[template(path = "storefront/checkout.html")]
struct CheckoutPage {
    page: Page,
    frame: Frame,
    summary: Summary,
    needs_address: bool,
    /// Id and name of each account the customer can pay with.
    accounts: Vec<(String, String)>,
    form: CheckoutForm,
    problems: Problems,
    /// Catalogue key of what is wrong with the order as a whole.
    alert: Option<&'static str>,
}

impl CheckoutPage {
    /// Country codes with their English names.
    fn countries(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        countries::all()
    }

    fn languages(&self) -> [Language; 4] {
        Language::ALL
    }

    /// What is wrong with a field, in the page's language.
    fn problem(&self, field: &str) -> Option<String> {
        self.problems.of(field).map(|key| self.page.say(key))
    }
}

/// Everything the two handlers look up before they differ.
struct Desk {
    priced: Priced,
    terms: Terms,
    accounts: Vec<(String, String)>,
}

impl Desk {
    /// `None` when there is nothing to order, nothing to pay with, or the cart must be looked at again.
    async fn open(visit: &Visit) -> Result<Option<Self>, Failure> {
        let priced = priced(visit).await?;
        let accounts = visit.checkout_accounts().await?;
        let accounts: Vec<(String, String)> =
            accounts.into_iter().map(|(account, _)| (account.id.to_string(), account.name)).collect();
        let Ok(terms) = priced.terms() else { return Ok(None) };
        if accounts.is_empty() || priced.was_changed() {
            return Ok(None);
        }
        Ok(Some(Self { priced, terms, accounts }))
    }

    fn page(
        self,
        visit: &Visit,
        form: CheckoutForm,
        problems: Problems,
        alert: Option<&'static str>,
    ) -> Result<CheckoutPage, Failure> {
        let page = visit.page(visit.language());
        let summary = Summary::of(visit, &page, &self.priced).ok_or(Failure::Broken)?;
        let needs_address = self.priced.has_physical();
        let accounts = self.accounts;
        Ok(CheckoutPage {
            page,
            frame: visit.frame(),
            summary,
            needs_address,
            accounts,
            form,
            problems,
            alert,
        })
    }
}

/// `GET /shop/{slug}/checkout`
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let Some(desk) = Desk::open(&visit).await? else { return Ok(back_to_cart(&visit)) };
    let form = CheckoutForm { language: visit.language().code().to_owned(), ..CheckoutForm::default() };
    let shown = desk.page(&visit, form, Problems::default(), None)?;
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /shop/{slug}/checkout`: makes the order, and only then empties the cart.
pub(super) async fn place(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    visit.check_origin()?;
    let form = CheckoutForm::from_fields(&fields);
    let Some(desk) = Desk::open(&visit).await? else { return Ok(back_to_cart(&visit)) };
    let needs_address = desk.priced.has_physical();
    let problems = form.problems(needs_address);
    if !problems.is_empty() {
        let shown = desk.page(&visit, form, problems, Some("shop.error.fields"))?;
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &shown));
    }
    // The price is ours alone. What the customer was shown is compared only so that nobody orders unawares at
    // a price that changed a moment ago.
    if form.shown_total != desk.terms.total.decimal() {
        let shown = desk.page(&visit, form, problems, Some("shop.error.price_changed"))?;
        return Ok(page::html(StatusCode::CONFLICT, &shown));
    }
    let order = register(&visit, &desk.terms, &form, needs_address).await?;
    let account = desk.accounts.iter().find(|(id, _)| *id == form.account).unwrap_or(&desk.accounts[0]);
    let next = visit.path(&format!("/order/{}/pay?account={}", order.token, account.0));
    let mut response = Redirect::to(&next).into_response();
    response
        .headers_mut()
        .append(header::SET_COOKIE, Cart::default().cookie(&visit.shop.slug, visit.is_secure()));
    response
        .headers_mut()
        .append(header::SET_COOKIE, latest::cookie(&order, &visit.shop.slug, visit.is_secure()));
    Ok(response)
}

async fn register(
    visit: &Visit,
    terms: &Terms,
    form: &CheckoutForm,
    needs_address: bool,
) -> Result<Order, Failure> {
    let order = NewOrder {
        shop: visit.shop.id,
        reference: None,
        terms: terms.clone(),
        customer: form.customer(needs_address),
        language: Some(form.language().unwrap_or_else(|| visit.language())),
        source: OrderSource::Storefront,
        created_at: visit.app.clock.now(),
    };
    Ok(visit.app.store.register_order(order).await?)
}

fn back_to_cart(visit: &Visit) -> Response {
    Redirect::to(&visit.path("/cart")).into_response()
}
