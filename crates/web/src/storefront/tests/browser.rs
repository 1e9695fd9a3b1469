//! A browser as far as the storefront can tell: it keeps cookies and says where its forms come from.

use super::shop::TestShop;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use ipnd_store::Order;
use std::collections::BTreeMap;
use tower::ServiceExt;

pub(super) struct Browser<'a> {
    shop: &'a TestShop,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) origin: &'static str,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

impl<'a> Browser<'a> {
    pub(super) fn new(shop: &'a TestShop) -> Self {
        Self { shop, cookies: BTreeMap::new(), origin: "http://shop.test" }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::ORIGIN, self.origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body)).await
    }

    async fn send(&mut self, request: http::request::Builder, body: Body) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).body(body).unwrap();
        let response = self.shop.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(super) async fn add(&mut self, sku: &str, quantity: &str) -> Answer {
        self.post("/shop/demo/cart", &[("do", "add"), ("sku", sku), ("quantity", quantity)]).await
    }

    /// Orders what is in the cart, as Ann Example.
    pub(super) async fn order(&mut self, total: &str) -> Answer {
        let fields = [
            ("name", "Ann Example"),
            ("email", "ann@example.com"),
            ("street", "Harbour Lane 7"),
            ("postcode", "20457"),
            ("town", "Hamburg"),
            ("country", "DE"),
            ("language", "de"),
            ("shown_total", total),
        ];
        self.post("/shop/demo/checkout", &fields).await
    }

    /// A digital product ordered: the order as the store has it.
    pub(super) async fn order_handbook(&mut self) -> Order {
        self.add("EBOOK-1", "1").await;
        let answer = self.order("9.00").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let token = answer.location().split('/').nth(4).unwrap();
        self.shop.store().order_by_token(token).await.unwrap().unwrap()
    }
}

/// The path of an order's page.
pub(super) fn order_path(order: &Order) -> String {
    format!("/shop/demo/order/{}", order.token)
}
