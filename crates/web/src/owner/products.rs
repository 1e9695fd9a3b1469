//! `/owner/products`: what the shop sells.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::visit::{Visit, done};
use super::words::Words;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::{Currency, Money};
use ipnd_store::{NewProduct, Product, ProductKind, ShopId};
use std::collections::BTreeMap;

const PATH: &str = "/owner/products";
const SKU_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 10_000;
/// Units that a shop may have of one product.
const STOCK_MAX: i64 = 1_000_000_000;

#[derive(Template)]
#[template(path = "owner/products.html")]
struct ProductsPage {
    page: Frame,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    sku: String,
    name: String,
    kind: String,
    price: String,
    stock: String,
    stock_is_low: bool,
    is_offered: bool,
}

#[derive(Template)]
#[template(path = "owner/product.html")]
struct ProductPage {
    page: Frame,
    title: String,
    action: String,
    is_new: bool,
    form: Form,
    problems: Problems,
    price_label: String,
}

/// The form as it was filled in, so that nothing has to be typed twice.
struct Form {
    sku: String,
    name: String,
    description: String,
    price: String,
    is_digital: bool,
    stock: String,
    /// What the form showed when it was opened: only a number that the owner has changed is meant.
    stock_was: String,
    access: String,
    is_offered: bool,
}

/// What is wrong, by field.
#[derive(Default)]
struct Problems(BTreeMap<&'static str, String>);

impl Problems {
    fn of(&self, field: &str) -> Option<&String> {
        self.0.get(field)
    }
}

pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let products = visit.app.store.products(visit.shop_id()).await?;
    let shown = ProductsPage {
        page: visit.frame(Section::Products).await?,
        rows: products.into_iter().map(|product| row(product, visit.words)).collect(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn row(product: Product, words: Words) -> Row {
    let kind = kind_word(product.kind);
    Row {
        href: path_of(&product.sku),
        name: product.name,
        kind: words.t(&format!("products.kind_short.{kind}")),
        price: words.money(product.price),
        stock: product.stock.map_or_else(|| words.t("products.stock_endless"), |units| units.to_string()),
        stock_is_low: product.stock.is_some_and(|units| units <= 0),
        is_offered: product.is_offered,
        sku: product.sku,
    }
}

fn kind_word(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Physical => "physical",
        ProductKind::Digital => "digital",
    }
}

/// Article numbers are letters, digits and a few signs, but those of the API may be anything.
fn path_of(sku: &str) -> String {
    let sku: String = form_urlencoded::byte_serialize(sku.as_bytes()).collect();
    format!("{PATH}/{}", sku.replace('+', "%20"))
}

pub(super) async fn new(visit: Visit) -> Result<Response, Failure> {
    let form = Form {
        sku: String::new(),
        name: String::new(),
        description: String::new(),
        price: String::new(),
        is_digital: false,
        stock: String::new(),
        stock_was: String::new(),
        access: String::new(),
        is_offered: true,
    };
    form_page(&visit, None, form, Problems::default()).await
}

pub(super) async fn edit(visit: Visit, Path(sku): Path<String>) -> Result<Response, Failure> {
    let product = visit.app.store.product(visit.shop_id(), &sku).await?.ok_or(Failure::NotFound)?;
    let form = Form {
        sku: product.sku.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        price: product.price.decimal(),
        is_digital: product.kind == ProductKind::Digital,
        stock: shown_stock(product.stock),
        stock_was: shown_stock(product.stock),
        access: product.access.clone(),
        is_offered: product.is_offered,
    };
    form_page(&visit, Some(&product), form, Problems::default()).await
}

async fn form_page(
    visit: &Visit,
    product: Option<&Product>,
    form: Form,
    problems: Problems,
) -> Result<Response, Failure> {
    let words = visit.words;
    let currency = product.map_or(visit.shop.currency, |product| product.price.currency());
    let status = if problems.0.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = ProductPage {
        page: visit.frame(Section::Products).await?,
        title: match product {
            Some(product) => words.with("products.edit", "name", &product.name),
            None => words.t("products.add"),
        },
        action: product.map_or_else(|| format!("{PATH}/new"), |product| path_of(&product.sku)),
        is_new: product.is_none(),
        form,
        problems,
        price_label: words.with("products.price", "currency", currency),
    };
    Ok(page::html(status, &shown))
}

/// `POST /owner/products/new`
pub(super) async fn create(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let form = Form::read(&fields, fields.get("sku"));
    let (mut problems, product) = form.check(visit.shop_id(), visit.shop.currency, visit.words);
    let is_taken = visit.app.store.product(visit.shop_id(), &form.sku).await?.is_some();
    if is_taken {
        problems.0.insert("sku", visit.words.t("products.problem_sku_taken"));
    }
    match product.filter(|_| problems.0.is_empty()) {
        Some(product) => {
            visit.app.store.put_product(product).await?;
            Ok(done(PATH, "product"))
        }
        None => form_page(&visit, None, form, problems).await,
    }
}

/// `POST /owner/products/{sku}`
pub(super) async fn update(
    visit: Visit,
    Path(sku): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let known = visit.app.store.product(visit.shop_id(), &sku).await?.ok_or(Failure::NotFound)?;
    let form = Form::read(&fields, &sku);
    let (mut problems, product) = form.check(visit.shop_id(), known.price.currency(), visit.words);
    problems.0.remove("sku");
    match product.filter(|_| problems.0.is_empty()) {
        Some(mut product) => {
            // Orders may have been paid since the form was opened.
            if form.stock == form.stock_was {
                product.stock = known.stock;
            }
            visit.app.store.put_product(product).await?;
            Ok(done(PATH, "product"))
        }
        None => form_page(&visit, Some(&known), form, problems).await,
    }
}

impl Form {
    fn read(fields: &Fields, sku: &str) -> Self {
        Self {
            sku: sku.to_owned(),
            name: fields.get("name").to_owned(),
            description: fields.text("description").trim().to_owned(),
            price: fields.get("price").to_owned(),
            is_digital: fields.get("kind") == "digital",
            stock: fields.get("stock").to_owned(),
            stock_was: fields.get("stock_was").to_owned(),
            access: fields.text("access").trim().to_owned(),
            is_offered: fields.is_set("offered"),
        }
    }

    /// The product that the form describes, and everything that is wrong with it.
    fn check(&self, shop: ShopId, currency: Currency, words: Words) -> (Problems, Option<NewProduct>) {
        let mut problems = Problems::default();
        let mut wrong = |field, key: &str| {
            problems.0.insert(field, words.t(&format!("products.problem_{key}")));
        };
        if !is_sku(&self.sku) {
            wrong("sku", "sku");
        }
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARS_MAX {
            wrong("name", "name");
        }
        if self.description.chars().count() > TEXT_CHARS_MAX {
            wrong("description", "long");
        }
        if self.access.chars().count() > TEXT_CHARS_MAX {
            wrong("access", "long");
        }
        let price = Money::parse(&self.price, currency).ok().filter(|price| price.is_positive());
        if price.is_none() {
            wrong("price", "price");
        }
        let stock = if self.stock.is_empty() { Some(None) } else { units(&self.stock).map(Some) };
        if stock.is_none() {
            wrong("stock", "stock");
        }
        let product = price.zip(stock).map(|(price, stock)| NewProduct {
            shop,
            sku: self.sku.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            price,
            kind: if self.is_digital { ProductKind::Digital } else { ProductKind::Physical },
            stock,
            access: self.access.clone(),
            is_offered: self.is_offered,
        });
        (problems, product)
    }
}

fn shown_stock(stock: Option<i64>) -> String {
    stock.map(|units| units.to_string()).unwrap_or_default()
}

fn units(text: &str) -> Option<i64> {
    text.parse().ok().filter(|units: &i64| units.abs() <= STOCK_MAX)
}

/// What a form may create: it has to fit into an address and into a gateway's item number.
fn is_sku(sku: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=SKU_CHARS_MAX).contains(&sku.len())
        && sku.chars().all(allowed)
        && sku != "new"
        && !sku.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;

    fn check(body: &str) -> (Vec<&'static str>, bool) {
        let fields = Fields::parse(body.as_bytes()).unwrap();
        let form = Form::read(&fields, fields.get("sku"));
        let currency = Currency::from_code("EUR").unwrap();
        let (problems, product) = form.check(ShopId(1), currency, Words(Language::En));
        (problems.0.into_keys().collect(), product.is_some())
    }

    #[test]
    fn a_form_becomes_a_product_or_says_what_is_wrong() {
        assert_eq!(check("sku=mug-1&name=Mug&price=12.50&kind=physical&stock=3"), (vec![], true));
        assert_eq!(check("sku=a+b&name=&price=1,5&stock=x"), (vec!["name", "price", "sku", "stock"], false));
        assert_eq!(check("sku=new&name=x&price=0&stock="), (vec!["price", "sku"], false));
        assert_eq!(check("sku=x&name=x&price=-1&stock=99999999999999"), (vec!["price", "stock"], false));
    }

    #[test]
    fn addresses_of_products_are_encoded() {
        assert_eq!(path_of("a b/c"), "/owner/products/a%20b%2Fc");
    }
}
