//! `/v1/vendors`: the vendors of a platform. Every other address acts for one of them where the header `Ipnd-Vendor` names
//! it by the platform's own reference.

use super::json::Json;
use super::lists::List;
use super::params::Name;
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::{FieldProblem, Problem};
use crate::storefront::looks_like_an_address;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use ipnd_core::{Currency, Language};
use ipnd_store::{NewShop, ShopId, Vendor, token};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const TEXT_CHARS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VendorBody {
    reference: String,
    name: String,
    /// Who is told when an endpoint of the vendor fails for days; the platform's owner where nobody is given.
    email: Option<String>,
    language: Option<String>,
    currency: Option<String>,
}

#[derive(Serialize)]
pub(super) struct VendorView {
    reference: String,
    shop: ShopId,
    name: String,
    email: String,
    language: Language,
    currency: String,
    created_at: Timestamp,
    /// The vendor's own page. Only where it has just been made: whoever knows it can look.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_url: Option<String>,
}

fn show(vendor: Vendor, page_url: Option<String>) -> VendorView {
    VendorView {
        reference: vendor.reference,
        shop: vendor.shop.id,
        name: vendor.shop.name,
        email: vendor.shop.owner_email,
        language: vendor.shop.language,
        currency: vendor.shop.currency.code().to_owned(),
        created_at: vendor.created_at,
        page_url,
    }
}

/// Only a platform has vendors.
fn platform(holder: &KeyHolder) -> Result<ShopId, Problem> {
    if holder.acts_for_a_vendor() {
        return Err(Problem::field(
            "ipnd-vendor",
            "a vendor has no vendors of its own; leave the header out",
        ));
    }
    Ok(holder.shop())
}

/// The address of a vendor's page, and the fingerprint that is kept of it.
fn new_page(app: &App) -> (String, String) {
    let secret = token::random();
    (app.url(&format!("/vendor/{secret}")), token::fingerprint(&secret))
}

/// `GET /v1/vendors`
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
) -> Result<axum::Json<List<VendorView>>, Problem> {
    let vendors = app.store.vendors(platform(&holder)?).await?;
    Ok(axum::Json(List::whole(vendors.into_iter().map(|vendor| show(vendor, None)).collect())))
}

/// `POST /v1/vendors`
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Json(body): Json<VendorBody>,
) -> Result<Response, Problem> {
    let platform = platform(&holder)?;
    let own = app.store.shop(platform).await?.ok_or(Problem::Internal)?;
    let mut wrong = Vec::new();
    let is_text = |text: &str| {
        (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    for (field, text) in [("reference", &body.reference), ("name", &body.name)] {
        if !is_text(text) {
            wrong.push(FieldProblem::new(
                field,
                format!("it must have 1 to {TEXT_CHARS_MAX} printable characters"),
            ));
        }
    }
    if !body.reference.is_ascii() || body.reference.trim() != body.reference {
        wrong.push(FieldProblem::new("reference", "it goes into a header: ASCII, without blanks around it"));
    }
    if body.email.as_deref().is_some_and(|email| !looks_like_an_address(email)) {
        wrong.push(FieldProblem::new("email", "it is not an e-mail address"));
    }
    let language = body.language.as_deref().map_or(Some(own.language), Language::from_tag);
    if language.is_none() {
        wrong.push(FieldProblem::new("language", "it must be one of en, de, es, uk"));
    }
    let currency = body.currency.as_deref().map_or(Ok(own.currency), Currency::from_code);
    if currency.is_err() {
        wrong.push(FieldProblem::new("currency", "it is not a known currency"));
    }
    let (Some(language), Ok(currency), true) = (language, currency, wrong.is_empty()) else {
        return Err(Problem::Invalid(wrong));
    };
    let shop = NewShop {
        slug: format!("vendor-{}", &token::random()[..16]),
        name: body.name,
        language,
        currency,
        owner_email: body.email.unwrap_or(own.owner_email),
        is_sample: own.is_sample,
    };
    let (page_url, page) = new_page(&app);
    let vendor = app.store.create_vendor(platform, &body.reference, &page, shop).await?;
    let location = format!("/v1/vendors/{}", vendor.reference);
    let view = axum::Json(show(vendor, Some(page_url)));
    Ok((StatusCode::CREATED, [(LOCATION, location)], view).into_response())
}

/// `GET /v1/vendors/{reference}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    Name(reference): Name,
) -> Result<axum::Json<VendorView>, Problem> {
    let vendor = app.store.vendor(platform(&holder)?, &reference).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(vendor, None)))
}

/// `POST /v1/vendors/{reference}/page`: another address for the vendor's page; the one of before leads nowhere.
pub(super) async fn renew_page(
    State(app): State<App>,
    holder: KeyHolder,
    Name(reference): Name,
) -> Result<axum::Json<VendorView>, Problem> {
    let platform = platform(&holder)?;
    let (page_url, page) = new_page(&app);
    if !app.store.renew_vendor_page(platform, &reference, &page).await? {
        return Err(Problem::NotFound);
    }
    let vendor = app.store.vendor(platform, &reference).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(vendor, Some(page_url))))
}
