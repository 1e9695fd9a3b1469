//! `/v1/products`: what the storefront offers.

use super::amount::Amount;
use super::json::Json;
use super::lists::List;
use super::params::Name;
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::{FieldProblem, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use ipnd_core::Money;
use ipnd_store::{NewProduct, Product, ProductKind, ShopId};
use serde::{Deserialize, Deserializer, Serialize};

const SKU_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Physical,
    Digital,
}

/// A product as it is sent. For one that exists, an absent field stays as it is (T-D14).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductBody {
    /// Only where the address does not name it.
    sku: Option<String>,
    name: Option<String>,
    description: Option<String>,
    price: Option<Amount>,
    kind: Option<Kind>,
    /// `null` means that there is always enough; that is not the same as an absent field.
    #[serde(default, deserialize_with = "present")]
    stock: Option<Option<i64>>,
    access: Option<String>,
    is_offered: Option<bool>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
pub(super) struct ProductView {
    sku: String,
    name: String,
    description: String,
    price: Money,
    kind: Kind,
    /// Units on hand; `null` means that there is always enough.
    stock: Option<i64>,
    /// What a customer gets to see once the product is paid.
    access: String,
    is_offered: bool,
}

fn show(product: Product) -> ProductView {
    ProductView {
        sku: product.sku,
        name: product.name,
        description: product.description,
        price: product.price,
        kind: match product.kind {
            ProductKind::Physical => Kind::Physical,
            ProductKind::Digital => Kind::Digital,
        },
        stock: product.stock,
        access: product.access,
        is_offered: product.is_offered,
    }
}

/// `GET /v1/products`
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
) -> Result<axum::Json<List<ProductView>>, Problem> {
    let products = app.store.products(holder.shop()).await?;
    Ok(axum::Json(List::whole(products.into_iter().map(show).collect())))
}

/// `GET /v1/products/{sku}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    Name(sku): Name,
) -> Result<axum::Json<ProductView>, Problem> {
    let product = app.store.product(holder.shop(), &sku).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(product)))
}

/// `POST /v1/products`: a new product.
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Json(mut body): Json<ProductBody>,
) -> Result<Response, Problem> {
    let sku = body.sku.take().ok_or_else(|| Problem::field("sku", "this is needed"))?;
    if app.store.product(holder.shop(), &sku).await?.is_some() {
        return Err(Problem::Conflict("a product with this sku exists".into()));
    }
    store(&app, holder.shop(), sku, body, None).await
}

/// `PUT /v1/products/{sku}`: changes a product, or makes it.
pub(super) async fn put(
    State(app): State<App>,
    holder: KeyHolder,
    Name(sku): Name,
    Json(mut body): Json<ProductBody>,
) -> Result<Response, Problem> {
    if body.sku.take().is_some_and(|own| own != sku) {
        return Err(Problem::field("sku", "it differs from the one in the address"));
    }
    let known = app.store.product(holder.shop(), &sku).await?;
    store(&app, holder.shop(), sku, body, known).await
}

async fn store(
    app: &App,
    shop: ShopId,
    sku: String,
    body: ProductBody,
    known: Option<Product>,
) -> Result<Response, Problem> {
    let currency = app.store.shop(shop).await?.ok_or(Problem::Internal)?.currency;
    let is_new = known.is_none();
    let mut wrong = Vec::new();
    let price = match (&body.price, &known) {
        (Some(price), _) => price.in_currency("price", currency),
        (None, Some(known)) => Ok(known.price),
        (None, None) => Err(FieldProblem::new("price", "this is needed")),
    };
    let price = price.unwrap_or_else(|problem| {
        wrong.push(problem);
        Money::zero(currency)
    });
    let old = known.map(show);
    let text = |new: Option<String>, old: Option<&String>| new.or_else(|| old.cloned()).unwrap_or_default();
    let product = NewProduct {
        shop,
        sku,
        name: text(body.name, old.as_ref().map(|old| &old.name)),
        description: text(body.description, old.as_ref().map(|old| &old.description)),
        price,
        kind: match body.kind.or(old.as_ref().map(|old| old.kind)).unwrap_or(Kind::Physical) {
            Kind::Physical => ProductKind::Physical,
            Kind::Digital => ProductKind::Digital,
        },
        stock: body.stock.unwrap_or_else(|| old.as_ref().and_then(|old| old.stock)),
        access: text(body.access, old.as_ref().map(|old| &old.access)),
        is_offered: body.is_offered.or(old.as_ref().map(|old| old.is_offered)).unwrap_or(true),
    };
    check(&product, &mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let product = app.store.put_product(product).await?;
    let path: String = form_urlencoded::byte_serialize(product.sku.as_bytes()).collect();
    let location = format!("/v1/products/{}", path.replace('+', "%20"));
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(LOCATION, location)], axum::Json(show(product))).into_response())
}

fn check(product: &NewProduct, wrong: &mut Vec<FieldProblem>) {
    let texts = [
        ("sku", &product.sku, SKU_CHARS_MAX, false),
        ("name", &product.name, NAME_CHARS_MAX, false),
        ("description", &product.description, TEXT_CHARS_MAX, true),
        ("access", &product.access, TEXT_CHARS_MAX, true),
    ];
    for (field, text, max, may_be_empty) in texts {
        let chars = text.chars().count();
        // Long texts may have lines; names and numbers may not.
        let is_control = |c: char| c.is_control() && !(may_be_empty && matches!(c, '\n' | '\r' | '\t'));
        if chars > max {
            wrong.push(FieldProblem::new(field, format!("it has more than {max} characters")));
        } else if chars == 0 && !may_be_empty {
            wrong.push(FieldProblem::new(field, "this is needed"));
        } else if text.chars().any(is_control) {
            wrong.push(FieldProblem::new(field, "it contains a control character"));
        }
    }
    if product.price.is_negative() {
        wrong.push(FieldProblem::new("price", "it cannot be negative"));
    }
}
